"""The bell as `handin bench bell` rings it: what candidates wait, whether anything is missing, what the server needs.

It rings once for each case: a run is thousands of candidates, and its percentiles are over them.
"""

import contextlib
import json
import os
import shutil
import tempfile

from .instance import Instance, Store
from .postgres import Postgres
from .processes import Failed, run
from .report import figure, goal, table

# Generator and servers share the machine as they are: both need more than a core.
ALL = "0-1"


def measure(bench):
    """Gives the section's text."""
    whole, signed = (200, 5_000) if bench.quick else (2_000, 50_000)
    kills = ["--kill-at", "bell+3s"]
    cases = [
        (f"{whole:,} candidates", lambda: own(bench, *recording(whole))),
        (f"{whole:,} candidates, killed with -9 at bell+3s", lambda: own(bench, *recording(whole), *kills)),
        (f"signing alone, {signed:,} candidates", lambda: nodes(bench, ["only"], *signing(signed))),
        (f"signing alone, {signed:,}, two nodes on PostgreSQL", lambda: nodes(bench, ["first", "second"], *signing(signed))),
    ]
    rows = []
    for name, ring in cases:
        bench.say(f"  {name}")
        figures, mib = ring()
        rows.append((name, figures, mib))
        bench.say(f"    {waits(rows[-1])[1:]}, {calls(rows[-1])[1:]}")
    return "\n\n".join([table(WAITS, map(waits, rows)), table(CALLS, map(calls, rows))])


def recording(candidates):
    """An hour's exam in half a minute; all bytes are sent, sealed, and looked at again."""
    return ["--candidates", candidates, "--time-scale", 120, "--verify", 500]


def signing(candidates):
    """An hour's exam in five minutes; all submit within 30 s of real time. Were arrivals as much faster as the exam is, they
    would be as many in a second as at no exam of that size, so they take four of the five minutes."""
    return ["--candidates", candidates, "--time-scale", 12, "--arrivals", "48m", "--ramp", "30s", "--connections", 64, "--sign-only"]


def own(bench, *flags):
    """With a server of its own on the embedded defaults."""
    return ring(bench, *flags, "--data", bench.scratch)


def nodes(bench, names, *flags):
    """Through API nodes, each a process of its own: one on SQLite, or several that share a PostgreSQL.

    Nothing is sent, so the store is a sink: it lies in memory, and its disk does not count."""
    folder = lambda name: os.path.join(bench.scratch, name)
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        memory = start(tempfile.TemporaryDirectory(prefix="handin-bell-", dir="/dev/shm"))
        store = start(Store(bench.program("handin"), memory, core=ALL))
        shared = {"HANDIN_SECRETS": os.path.join(folder(names[0]), "secrets.toml")}
        if len(names) > 1:
            shared["DATABASE_URL"] = start(Postgres(bench.scratch, core=ALL)).database()
        started = [start(Instance(bench.program("handin"), folder(name), core=ALL, env=shared, store=store)) for name in names]
        servers = ",".join(node.facts["api"] for node in started)
        figures, _ = ring(bench, *flags, "--server", servers, "--api-key", started[0].facts["api_key"])
        return figures, max(node.peak_memory() for node in started)


def ring(bench, *flags):
    """The figures of one bell, and the MiB that its own server had at most."""
    folder = os.path.join(bench.scratch, "bell")
    os.makedirs(folder)
    file = os.path.join(folder, "bell.json")
    try:
        run(bench.program("handin"), "bench", "bell", "--json", file, *flags, core=ALL, within=3_600)
    except Failed:
        # Exit 1 with figures is a bell that lost something: that is told, not hidden.
        if not os.path.exists(file):
            raise
    with open(file, encoding="utf-8") as figures:
        told = json.load(figures)
    shutil.rmtree(folder)
    return told, told["server"]["rss_bytes"] / 2**20


WAITS = ["bell", "recordings", "receipts verified", "problems", "submit to receipts: p50, s", "p95", "p99", "max",
         "most resident, MiB", "goal"]


def waits(case):
    name, told, mib = case
    spread, verdict = told["submit_to_receipt_s"], told["verdict"]
    recordings = told["settings"]["candidates"] * len(told["settings"]["tracks"])
    if verdict is None:
        asked = goal(mib < 512 and not told["failed"], "nothing given up, < 512 MiB")
        found = ["–", len(told["failed"])]
    else:
        asked = goal(told["whole"], "every receipt verified, nothing lost")
        found = [verdict["receipts_verified"], len(verdict["problems"])]
    seconds = [figure(spread[q]) if verdict else "–" for q in ("p50", "p95", "p99", "max")]
    return [name, recordings, *found, *seconds, figure(mib), asked]


CALLS = ["bell", "sign: answered", "asked to wait", "other failures, tried again", "p50, ms", "p95", "p99", "max",
         "bytes through the API a stored byte", "goal"]


def calls(case):
    name, told, _ = case
    sign = next(kind for kind in told["calls"] if kind["kind"] == "sign")
    failed = sum(sum(kind["failed"].values()) for kind in told["calls"])
    asked = "" if told["verdict"] else goal(sign["ms"]["p99"] < 250 and failed == 0, "p99 < 250 ms, no other failure")
    stored = figure(told["bytes"]["api_per_stored"] * 1_000, " ‰") if told["bytes"]["stored"] else "–"
    return [name, sign["ok"], sign["asked_to_wait"], failed, *(figure(sign["ms"][q]) for q in ("p50", "p95", "p99", "max")),
            stored, asked]
