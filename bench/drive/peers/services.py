"""The services side by side: how each is started, and the requests that have parts signed.

Each is prepared before it is measured: it opens one upload for each of the platform's candidates, a part is sent to the store
with a URL that it signed, and, where it asks for tokens, a wrong one is shown.
"""

import hmac
import os
from itertools import islice
from urllib.parse import quote, urlencode, urlsplit

from ..instance import UNLIMITED, Instance, Refused, call, send
from ..load import request
from ..processes import Failed, Server
from .platform import EXAM

PART = 5 << 20
JSON = {"content-type": "application/json"}
BYTES = b"\x5a" * PART


class Handin(Instance):
    """handin as an API node."""

    def __init__(self, bench, platform, store):
        settings = UNLIMITED | {"HANDIN_TOKENS_PLATFORM_JWKS_FILE": platform.jwks}
        super().__init__(bench.program("handin"), os.path.join(bench.scratch, "handin"), env=settings, store=store)
        self.address, self.platform, self.opened = self.api, platform, []

    def signing(self, count):
        """A request for each candidate: the first `count` parts."""
        return [self.request(*one, count) for one in zip(self.platform.tokens, self.opened)]

    def unseen(self, calls):
        """As many requests for one part, each with a token that was never shown before."""
        tokens = islice(self.platform.unseen, calls)
        return [self.request(token, self.opened[number], 1) for number, token in tokens]

    def request(self, token, opened, count):
        parts = [{"number": number, "size": PART} for number in range(1, count + 1)]
        body = {"handle": opened["handle"], "parts": parts}
        return request("POST", f"/v1/recordings/{opened['id']}/sign", self.api, bearing(token), body)

    def prepare(self):
        """Opens the uploads; fails unless the store takes a part with one of its URLs, and a wrong token is refused."""
        self.exam(EXAM)
        # The URLs of the others bind no checksum either.
        self.opened = [self.open(token, checksum="none") for token in self.platform.tokens]
        token, opened = self.platform.tokens[0], self.opened[0]
        [signed] = self.sign(token, opened, [{"number": 1, "size": PART}])
        put(signed["url"], signed["headers"])
        refuses(lambda: self.sign(forged(token), opened, []))


class Tutorial(Server):
    """A service as in a typical tutorial, in either language; `numbers` is its field for the numbers of parts."""

    def __init__(self, bench, name, command, numbers, platform, store):
        settings = store.settings | {"JWKS_FILE": platform.jwks, "NODE_ENV": "production"}
        super().__init__(*command, env=settings, log=os.path.join(bench.scratch, f"{name}.log"))
        self.address, self.platform, self.numbers, self.opened = self.line(), platform, numbers, []

    def signing(self, count):
        """A request for each candidate: the first `count` parts."""
        body = lambda opened: opened | {self.numbers: list(range(1, count + 1))}
        of = zip(self.platform.tokens, self.opened)
        return [request("POST", "/uploads/sign", self.address, bearing(token), body(opened)) for token, opened in of]

    def prepare(self):
        """Opens the uploads; fails unless the store takes a part with one of its URLs, and a wrong token is refused."""
        self.opened = [call(self.address, "POST", "/uploads", bearer=token) for token in self.platform.tokens]
        body, token = self.opened[0] | {self.numbers: [1]}, self.platform.tokens[0]
        [signed] = call(self.address, "POST", "/uploads/sign", body, token)["parts"]
        put(signed["url"])
        refuses(lambda: call(self.address, "POST", "/uploads/sign", body, forged(token)))


def nest(bench, sources, platform, store):
    """NestJS with the AWS SDK."""
    command = ("node", os.path.join(sources, "built", "main.js"))
    return Tutorial(bench, "nest", command, "partNumbers", platform, store)


def fastapi(bench, sources, python, platform, store):
    """FastAPI with boto3."""
    command = (python, os.path.join(sources, "service.py"))
    return Tutorial(bench, "fastapi", command, "part_numbers", platform, store)


class Companion(Server):
    """Uppy Companion, which asks for no token."""

    FILE = {"filename": "webcam.webm", "type": "video/webm"}

    def __init__(self, bench, sources, platform, store):
        folder = os.path.join(bench.scratch, "companion")
        os.makedirs(folder)
        super().__init__(
            "node", os.path.join(sources, "companion.mjs"), folder,
            env=store.settings | {"NODE_ENV": "production"}, log=os.path.join(folder, "companion.log"),
        )
        self.address, self.platform, self.store, self.opened = self.line(), platform, store, []

    def params(self):
        """What a file of up to 100 MiB is sent with."""
        return [request("GET", f"/s3/params?{urlencode(self.FILE)}", self.address)]

    def signing(self, count):
        """A request for each upload: part 1, or the first `count` parts."""
        return [request("GET", self.path(opened, count), self.address) for opened in self.opened]

    def path(self, opened, count):
        numbers = ",".join(str(number) for number in range(1, count + 1))
        what = {"key": opened["key"]} | ({"partNumbers": numbers} if count > 1 else {})
        return f"/s3/multipart/{quote(opened['uploadId'], safe='')}/{'batch' if count > 1 else 1}?{urlencode(what)}"

    def prepare(self):
        """Opens the uploads; fails unless the store takes a part with each kind of URL, and the form of `/s3/params` is signed for it."""
        self.opened = [call(self.address, "POST", "/s3/multipart", self.FILE | {"metadata": {}}) for _ in self.platform.tokens]
        put(call(self.address, "GET", self.path(self.opened[0], 1))["url"])
        put(call(self.address, "GET", self.path(self.opened[0], 2))["presignedUrls"]["2"])
        form = call(self.address, "GET", f"/s3/params?{urlencode(self.FILE)}")
        check_form(form["fields"], self.store)


def bearing(token):
    return JSON | {"authorization": f"Bearer {token}"}


def put(url, headers=None):
    """Sends a part with a signed URL; fails unless the store takes it."""
    place = urlsplit(url)
    send(place.netloc, "PUT", f"{place.path}?{place.query}", BYTES, headers or {})


def check_form(fields, store):
    """Fails unless a form's policy is signed with the store's key (SigV4, POST policy); the embedded store takes no forms."""
    key = f"AWS4{store.settings['S3_SECRET_ACCESS_KEY']}".encode()
    # The scope: day, region, service and a constant.
    for word in fields["X-Amz-Credential"].split("/")[1:]:
        key = hmac.digest(key, word.encode(), "sha256")
    if hmac.digest(key, fields["Policy"].encode(), "sha256").hex() != fields["X-Amz-Signature"]:
        raise Failed("a form was signed wrongly")


def forged(token):
    """A token with a changed signature."""
    signed, signature = token.rsplit(".", 1)
    return f"{signed}.{signature[:20]}{'B' if signature[20] == 'A' else 'A'}{signature[21:]}"


def refuses(ask):
    """Fails unless a call is answered 401."""
    try:
        ask()
    except Refused as refused:
        if refused.status == 401:
            return
        raise
    raise Failed("a forged token was let in")
