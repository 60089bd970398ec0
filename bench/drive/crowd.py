"""The bell of an exam that no disk under a desk holds: everybody opens and signs at one node on SQLite, and nothing is sent."""

import contextlib
import os
import tempfile

from .bell import ALL, failures, ring, signs
from .instance import Instance, Store
from .postgres import Postgres
from .report import figure, goal, table

# It rings once.
IN_ROUNDS = False


def measure(bench):
    """Gives the section's text."""
    return at(bench, "one node, SQLite", ["only"])


def at(bench, name, nodes):
    """The table for these API nodes, each a process of its own; several share a PostgreSQL."""
    return table(HEAD, [row(name, *rung(bench, nodes, 5_000 if bench.quick else 50_000))])


def signing(candidates):
    """An hour's exam in five minutes; all submit within 30 s of real time. Were arrivals as much faster as the exam is, they
    would be as many in a second as at no exam of that size, so they take four of the five minutes."""
    return ["--candidates", candidates, "--time-scale", 12, "--arrivals", "48m", "--ramp", "30s", "--connections", 64, "--sign-only"]


def rung(bench, names, candidates):
    """The figures of one bell, and the MiB that one of its nodes had at most. The store is a sink in memory, whose disk does not
    count."""
    folder = lambda name: os.path.join(bench.scratch, name)
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        memory = start(tempfile.TemporaryDirectory(prefix="handin-crowd-", dir="/dev/shm"))
        store = start(Store(bench.program("handin"), memory, core=ALL))
        shared = {"HANDIN_SECRETS": os.path.join(folder(names[0]), "secrets.toml")}
        if len(names) > 1:
            shared["DATABASE_URL"] = start(Postgres(bench.scratch, core=ALL)).database()
        started = [start(Instance(bench.program("handin"), folder(name), core=ALL, env=shared, store=store)) for name in names]
        servers = ",".join(node.facts["api"] for node in started)
        told, _ = ring(bench, *signing(candidates), "--server", servers, "--api-key", started[0].facts["api_key"])
        return told, max(node.peak_memory() for node in started)


HEAD = ["signing alone", "recordings", "given up", "sign: answered", "asked to wait", "other failures, tried again", "p50, ms",
        "p95", "p99", "max", "most resident, MiB", "goal"]


def row(name, told, mib):
    p99 = next(kind for kind in told["calls"] if kind["kind"] == "sign")["ms"]["p99"]
    reached = not told["failed"] and failures(told) == 0 and p99 < 250 and mib < 512
    recordings = told["settings"]["candidates"] * len(told["settings"]["tracks"])
    return [name, recordings, len(told["failed"]), *signs(told), figure(mib),
            goal(reached, "no failure, p99 < 250 ms, < 512 MiB")]
