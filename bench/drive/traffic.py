"""What goes through the API for each GiB that is stored, beside the GiB that a proxy would carry."""

import http.client
import json
import os

from .instance import Instance
from .load import load
from .parts import CLIENTS, DIGEST, GIB, PART, put
from .processes import GENERATOR, Failed, run
from .relay import Relay
from .report import figure, goal, table

# What Chromium sends with a call to an API of another origin, beside what our client sets.
BROWSER = {
    "sec-ch-ua": '"Chromium";v="142", "Not_A Brand";v="99"', "sec-ch-ua-mobile": "?0", "sec-ch-ua-platform": '"Windows"',
    "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "accept": "*/*", "origin": "https://exams.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors",
    "sec-fetch-dest": "empty", "referer": "https://exams.example/", "accept-encoding": "gzip, deflate, br, zstd",
    "accept-language": "ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7",
}

# Counted once: bytes do not vary.
IN_ROUNDS = False


def measure(bench):
    """Gives the section's text; counted once, since bytes do not vary."""
    size = PART * (50 if bench.quick else 205)
    with Instance(bench.program("handin"), os.path.join(bench.scratch, "traffic")) as handin:
        exam = handin.exam()
        ways = {
            "`handin upload`": lambda *of: native_upload(bench, *of),
            "a browser that asks for each part alone": lambda *of: browser(bench, handin, *of, ahead=1),
            "a browser that asks for four parts at once": lambda *of: browser(bench, handin, *of, ahead=4),
        }
        figures = {}
        for number, (name, send) in enumerate(ways.items()):
            with Relay(handin.api) as relay:
                send(relay, handin.token(exam, f"c-{number}"), size)
                figures[name] = counted(relay, size)
    return text(figures)


def counted(relay, size):
    scale = GIB / size / 1024
    return {"up_kib": relay.up * scale, "down_kib": relay.down * scale, "kib": (relay.up + relay.down) * scale}


def native_upload(bench, relay, token, size):
    """The product's own uploader, a finished file."""
    path = os.path.join(bench.scratch, "recording.webm")
    with open(path, "wb") as file:
        file.truncate(size)
    run(bench.program("handin"), "upload", "--server", f"http://{relay.address}", "--track", "webcam", path,
        "--state", os.path.join(bench.scratch, "state"), core=GENERATOR, env={"HANDIN_TOKEN": token})
    os.remove(path)


def browser(bench, handin, relay, token, size, ahead):
    """The calls of a page: open, a sign for every `ahead` parts with their digests and a heartbeat, seal."""
    page, requests = Page(relay.address, token), []
    opened = page.post("/v1/recordings", {"track": "webcam", "upload": "stream", "content_type": "video/webm"})
    place = f"/v1/recordings/{opened['id']}"
    parts = [{"number": number, "size": PART, "sha256": DIGEST} for number in range(1, size // PART + 1)]
    for first in range(0, len(parts), ahead):
        asked = {"parts": parts[first : first + ahead], "recorded_ms": 84_000 * first, "pending_bytes": ahead * PART}
        requests += [put(signed, PART) for signed in page.post(f"{place}/sign", {"handle": opened["handle"], **asked})["parts"]]
    load(bench, handin, handin.store, requests, CLIENTS)
    page.post(f"{place}/seal", {"handle": opened["handle"], "size": len(parts) * PART, "parts": parts})


class Page:
    """Calls over one connection, with a browser's headers."""

    def __init__(self, address, token):
        self.connection = http.client.HTTPConnection(address, timeout=60)
        self.headers = BROWSER | {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self.known = set()

    def post(self, path, body):
        if path not in self.known:
            self.preflight(path)
            self.known.add(path)
        return json.loads(self.call("POST", path, self.headers, json.dumps(body, separators=(",", ":"))))

    def preflight(self, path):
        """What a browser asks before its first call of each path; it keeps the answer for two hours."""
        asking = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
        self.call("OPTIONS", path, BROWSER | asking)

    def call(self, method, path, headers, body=None):
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise Failed(f"{method} {path} was answered {answer.status}: {text[:300]}")
        return text


def text(figures):
    row = lambda name, it: [name, figure(it["up_kib"]), figure(it["down_kib"]), figure(it["kib"]),
                            f"1 : {figure(GIB / 1024 / it['kib'])}", goal(it["kib"] < 256, "< 256 KiB")]
    rows = [row(name, it) for name, it in figures.items()]
    rows.append(["proxying, its bodies alone", figure(GIB / 1024), "–", figure(GIB / 1024), "1 : 1", ""])
    return table(["through the API for each GiB stored", "up, KiB", "down, KiB", "both, KiB", "to what is stored", "goal"], rows)
