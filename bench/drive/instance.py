"""A `handin serve` on free ports and a fresh folder, and its API as a platform and a candidate call it."""

import http.client
import json
import os
import random
import socket
from urllib.parse import urlsplit

from .processes import SERVER, Failed, Server


def free_port():
    """A port that nobody listens on, from below those that the kernel gives to outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Instance(Server):
    """The product's own binary with the embedded store and SQLite. `api` and `store` are its addresses."""

    def __init__(self, program, folder, core=SERVER, env=None):
        os.makedirs(folder, exist_ok=True)
        settings = {"HANDIN_STORE_LISTEN": f"127.0.0.1:{free_port()}", **(env or {})}
        super().__init__(
            program, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--json",
            core=core, env=settings, log=os.path.join(folder, "serve.log"),
        )
        self.facts = json.loads(self.line())
        self.api, self.store = netloc(self.facts["api"]), netloc(self.facts["store"])

    def call(self, method, path, body=None, bearer=None, address=None):
        """One call of the API; gives the parsed answer, and fails on a refusal."""
        connection = http.client.HTTPConnection(address or self.api, timeout=60)
        headers = {"authorization": f"Bearer {bearer or self.facts['api_key']}"}
        if body is not None:
            headers["content-type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise Failed(f"{method} {path} was answered {answer.status}: {text.decode(errors='replace')[:500]}")
        return json.loads(text) if text else None

    def exam(self, name="bench"):
        """Creates an exam with one subject."""
        self.call("POST", "/v1/exams", {"id": name, "title": "Benchmark", "subjects": [{"id": "one"}]})
        return name

    def token(self, exam, candidate):
        """A candidate's token."""
        return self.call("POST", f"/v1/exams/{exam}/tokens", {"candidate": candidate, "subject": "one"})["token"]

    def open(self, token, upload="stream", **more):
        """Opens a recording of the webcam."""
        body = {"track": "webcam", "upload": upload, "content_type": "video/webm", **more}
        return self.call("POST", "/v1/recordings", body, bearer=token)

    def sign(self, token, opened, parts):
        """URLs for parts."""
        body = {"handle": opened["handle"], "parts": parts}
        return self.call("POST", f"/v1/recordings/{opened['id']}/sign", body, bearer=token)["parts"]


def netloc(url):
    """`host:port` of a URL."""
    return urlsplit(url).netloc
