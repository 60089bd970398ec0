"""The bell as `handin bench bell` rings it: what candidates wait, whether anything is missing, what the server needs.

It rings once for each case: a run is thousands of candidates, and its percentiles are over them.
"""

import json
import os
import shutil

from .processes import Failed, run
from .report import figure, goal, table

# Generator and servers share the machine as they are: both need more than a core.
ALL = "0-1"

# It rings once for each case.
IN_ROUNDS = False


def measure(bench):
    """Gives the section's text."""
    candidates = 200 if bench.quick else 2_000
    name, rows = f"{candidates:,} candidates", []
    for name, kills in [(name, []), (f"{name}, killed with -9 at bell+3s", ["--kill-at", "bell+3s"])]:
        bench.say(f"  {name}")
        rows.append((name, *ring(bench, *recording(candidates), *kills, "--data", bench.scratch)))
        bench.say(f"    {waits(rows[-1])[1:]}, {calls(rows[-1])[1:]}")
    return "\n\n".join([table(WAITS, map(waits, rows)), table(CALLS, map(calls, rows))])


def recording(candidates):
    """An hour's exam in half a minute; all bytes are sent, sealed, and looked at again."""
    return ["--candidates", candidates, "--time-scale", 120, "--verify", 500]


def ring(bench, *flags):
    """The figures of one bell, and the MiB that its own server, if it has one, had at most."""
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
    verdict = told["verdict"]
    recordings = told["settings"]["candidates"] * len(told["settings"]["tracks"])
    seconds = [figure(told["submit_to_receipt_s"][q]) for q in ("p50", "p95", "p99", "max")]
    return [name, recordings, verdict["receipts_verified"], len(verdict["problems"]), *seconds, figure(mib),
            goal(told["whole"], "every receipt verified, nothing lost")]


CALLS = ["bell", "sign: answered", "asked to wait", "other failures, tried again", "p50, ms", "p95", "p99", "max",
         "bytes through the API a stored byte"]


def calls(case):
    name, told, _ = case
    return [name, *signs(told), figure(told["bytes"]["api_per_stored"] * 1_000, " ‰")]


def signs(told):
    """Of all calls that sign: how many, how many failed in which way, and how long they took."""
    sign = next(kind for kind in told["calls"] if kind["kind"] == "sign")
    return [sign["ok"], sign["asked_to_wait"], failures(told), *(figure(sign["ms"][q]) for q in ("p50", "p95", "p99", "max"))]


def failures(told):
    """Calls of any kind that failed without having been asked to wait, and were tried again."""
    return sum(sum(kind["failed"].values()) for kind in told["calls"])
