"""The whole of a recording at handin's API: open, sign, seal. Its one part goes to the store in between, unmeasured."""

import hashlib
import json

from ..load import load, request
from ..parts import put
from .services import bearing

# The last part of a recording may be short; what it weighs is the store's business, not the API's.
SIZE = 64 << 10
# As the recorder does, so that the store checks the part and seals are proved by its checksum.
PART = {"number": 1, "size": SIZE, "sha256": hashlib.sha256(b"\x5a" * SIZE).hexdigest()}
OPEN = {"track": "webcam", "upload": "stream", "content_type": "video/webm"}


def cycle(bench, handin, store, tokens, connections):
    """Opens, signs and seals a recording for each token; gives the server's CPU and the waits of all three calls together."""
    stage = Stage(bench, handin, tokens, connections)
    opened = stage.call("", lambda _: OPEN)
    places, handle = [one["id"] for one in opened], lambda number: {"handle": opened[number]["handle"]}
    signed = stage.call("sign", lambda number: handle(number) | {"parts": [PART]}, places)
    load(bench, store, store.address, [put(one["parts"][0], SIZE) for one in signed], connections)
    stage.call("seal", lambda number: handle(number) | {"size": SIZE, "parts": [PART]}, places)
    return stage.seen()


class Stage:
    """Calls for all recordings at once, one kind after the other, added up."""

    def __init__(self, bench, handin, tokens, connections):
        self.bench, self.handin, self.tokens, self.connections = bench, handin, tokens, connections
        self.cpu_us, self.seconds, self.waits = 0, 0, [0] * len(tokens)

    def call(self, what, body, places=None):
        """The same call for every recording, with `body` of its number; gives the parsed answers."""
        path = lambda number: f"/v1/recordings/{places[number]}/{what}" if places else "/v1/recordings"
        requests = [
            request("POST", path(number), self.handin.api, bearing(token), body(number))
            for number, token in enumerate(self.tokens)
        ]
        seen = load(self.bench, self.handin, self.handin.api, requests, self.connections, keep=True)
        self.cpu_us, self.seconds = self.cpu_us + seen["cpu_us"], self.seconds + seen["seconds"]
        self.waits = [before + kept["wait_ms"] for before, kept in zip(self.waits, seen["kept"])]
        return [json.loads(kept["body"]) for kept in seen["kept"]]

    def seen(self):
        """In the shape that `load` gives; a request is a whole recording."""
        waits = sorted(self.waits)
        at = lambda percent: waits[len(waits) * percent // 100]
        return {"cpu_us": self.cpu_us, "per_second": len(waits) / self.seconds, "wait_ms": at(50), "wait_99_ms": at(99)}
