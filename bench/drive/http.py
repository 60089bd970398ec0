"""Signing over HTTP against an axum server that says hello, both on one core."""

import os

from . import rounds
from .instance import UNLIMITED, Instance
from .load import load, request
from .processes import Server
from .report import figure, goal, spread, table

PART = 5 << 20
# Recordings of as many candidates, so that tokens and handles are not one and the same.
CANDIDATES = 64
CONNECTIONS = 64
HELLO, READ = "axum: hello", "axum: hello after reading the body"
ONE, ONE_CHECKED = "sign 1 part", "sign 1 part with SHA-256"
MANY, MANY_CHECKED = "sign 64 parts", "sign 64 parts with SHA-256"
PROTOTYPE = {HELLO: "11", ONE: "22 – 26"}


def measure(bench):
    """Gives the section's text."""
    seconds = 1 if bench.quick else 2
    folder = os.path.join(bench.scratch, "http")
    os.makedirs(folder)
    with (
        Server(bench.program("bench-hello"), log=os.path.join(folder, "hello.log")) as hello,
        Instance(bench.program("handin"), os.path.join(folder, "data"), env=UNLIMITED) as handin,
    ):
        address, calls = hello.line(), sign_calls(handin)
        bodies = [planned | {"head": request("POST", "/hello", address, JSON)["head"]} for planned in calls[ONE]]
        measures = {
            HELLO: lambda: load(bench, hello, address, [request("GET", "/hello", address)], CONNECTIONS, seconds),
            READ: lambda: load(bench, hello, address, bodies, CONNECTIONS, seconds),
        }
        for name, planned in calls.items():
            measures[name] = lambda planned=planned: load(bench, handin, handin.api, planned, CONNECTIONS, seconds)
        # Every token is verified once before anything is measured.
        load(bench, handin, handin.api, calls[ONE], CONNECTIONS)
        return text(rounds.interleave(bench.rounds, measures, bench.say))


JSON = {"content-type": "application/json"}


def sign_calls(handin):
    """Name → requests, one for each candidate."""
    exam, opened = handin.exam(), []
    for number in range(CANDIDATES):
        token = handin.token(exam, f"c-{number:03}")
        opened.append((token, handin.open(token)))
    kinds = {ONE: (1, False), ONE_CHECKED: (1, True), MANY: (64, False), MANY_CHECKED: (64, True)}
    return {name: [sign(handin, *one, *kind) for one in opened] for name, kind in kinds.items()}


def sign(handin, token, opened, count, checksum):
    """The request for the first `count` parts."""
    part = lambda number: {"number": number, "size": PART} | ({"sha256": f"{number:064x}"} if checksum else {})
    body = {"handle": opened["handle"], "parts": [part(number) for number in range(1, count + 1)],
            "recorded_ms": 588_000, "pending_bytes": PART}
    headers = JSON | {"authorization": f"Bearer {token}"}
    return request("POST", f"/v1/recordings/{opened['id']}/sign", handin.api, headers, body)


def text(seen):
    figures = {name: rounds.medians(results) for name, results in seen.items()}
    cost = {name: it["cpu_us"] for name, it in figures.items()}
    goals = {}
    for name in (ONE, ONE_CHECKED):
        goals[name] = goal(cost[name] <= 2 * cost[HELLO], "half of hello's rate")
    for one, many in ((ONE, MANY), (ONE_CHECKED, MANY_CHECKED)):
        calls = cost[many] / cost[one]
        goals[many] = goal(calls < 4, f"< 4 calls; costs {figure(calls)}")
    row = lambda name, it: [
        name, figure(cost[name]), spread([result["cpu_us"] for result in seen[name]]), PROTOTYPE.get(name, ""),
        f"{100 * cost[HELLO] / cost[name]:.0f} %", figure(it["per_second"]), f"{100 * it['busy']:.0f} %", goals.get(name, ""),
    ]
    head = ["request", "µs of CPU", "lowest – highest", "prototype", "hello's CPU ÷ this", "per second", "core busy", "goal"]
    return table(head, [row(name, it) for name, it in figures.items()])
