"""The load generator: plans of requests for `bench-load`, and the server's CPU beside what it saw."""

import json
import os

from .processes import GENERATOR, Failed, answer


def request(method, path, host, headers=None, body=None, fill=0):
    """One request of a plan; `fill` is a number of bytes to send as the body."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items() if name != "content-length"]
    planned = {"head": "\r\n".join(lines) + "\r\n", "fill": fill}
    if body is not None:
        planned["body"] = json.dumps(body, separators=(",", ":"))
    return planned


def load(bench, server, address, requests, connections, seconds=None, keep=False):
    """Sends the requests, round and round for `seconds` or else each once; any refusal is a failure.

    With `keep`, `kept` has every answer's `body` and `wait_ms`, in the order of the requests.
    """
    plan = {"address": address, "connections": connections, "requests": requests, "keep": keep}
    plan |= {"seconds": seconds} if seconds else {"once": True}
    path = os.path.join(bench.scratch, "plan.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(plan, file)
    before = server.cpu()
    seen = answer(bench.program("bench-load"), path, core=GENERATOR, within=600)
    used = server.cpu() - before
    if seen["refused"] or not seen["requests"]:
        raise Failed(f"a request was refused: {seen['statuses']} {seen['refused']}")
    return seen | {"cpu_us": used * 1e6 / seen["requests"], "busy": used / seen["seconds"]}
