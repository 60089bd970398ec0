"""A `handin serve` on free ports and a fresh folder, and its API as a platform and a candidate call it."""

import http.client
import json
import os
import random
import socket
from urllib.parse import urlsplit

from .processes import SERVER, Failed, Server

# The setting for load generators: a sender that asks for what it needs never meets the limit of URLs per recording.
UNLIMITED = {"HANDIN_UPLOADS_PART_URLS_PER_S": "100000"}


def free_port():
    """A port that nobody listens on, from below those that the kernel gives to outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) != 0:
                return port


def call(address, method, path, body=None, bearer=None):
    """One call of a JSON API; gives the parsed answer, and fails on a refusal."""
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    if body is not None:
        headers["content-type"] = "application/json"
    text = send(address, method, path, None if body is None else json.dumps(body), headers)
    return json.loads(text) if text else None


def send(address, method, path, body, headers):
    """One request over a connection of its own; gives the answer's body, and fails on a refusal."""
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 300:
        raise Refused(method, path, answer.status, text)
    return text


class Refused(Failed):
    """An answer that is no success."""

    def __init__(self, method, path, status, text):
        super().__init__(f"{method} {path} was answered {status}: {text.decode(errors='replace')[:500]}")
        self.status = status


class Store(Server):
    """The embedded store alone, in a process of its own. `address` is where it listens."""

    def __init__(self, program, folder, core=SERVER):
        os.makedirs(folder, exist_ok=True)
        super().__init__(
            program, "serve", "--role", "store", "--data", folder, "--store-listen", "127.0.0.1:0", "--json",
            core=core, log=os.path.join(folder, "serve.log"),
        )
        facts = json.loads(self.line())
        self.address = netloc(facts["store"])
        self.settings = {
            "S3_ENDPOINT": facts["store"], "S3_BUCKET": facts["bucket"], "S3_REGION": facts["region"],
            "S3_ACCESS_KEY_ID": facts["access_key"], "S3_SECRET_ACCESS_KEY": facts["secret_key"],
        }


class Instance(Server):
    """The product's own binary with SQLite. `api` and `store` are its addresses.

    It has the embedded store in the same process; with a `store`, it is an API node before that one and runs no jobs.
    """

    def __init__(self, program, folder, core=SERVER, env=None, store=None):
        os.makedirs(folder, exist_ok=True)
        settings = store.settings if store else {"HANDIN_STORE_LISTEN": f"127.0.0.1:{free_port()}"}
        roles = ["--role", "api"] if store else []
        super().__init__(
            program, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--json", *roles,
            core=core, env=settings | (env or {}), log=os.path.join(folder, "serve.log"),
        )
        self.facts = json.loads(self.line())
        self.api, self.store = netloc(self.facts["api"]), netloc(self.facts["store"])

    def call(self, method, path, body=None, bearer=None):
        """One call of the API; gives the parsed answer, and fails on a refusal."""
        return call(self.api, method, path, body, bearer or self.facts["api_key"])

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
