"""What a durable open and a durable seal cost in the ledger, on SQLite and PostgreSQL, in groups and one by one."""

import os

from . import rounds
from .postgres import Postgres
from .processes import GENERATOR, SERVER, answer
from .report import figure, goal, spread, table

# What a prototype with a lean row measured: µs of CPU of a whole request, and of PostgreSQL beside it.
PROTOTYPE = {"SQLite": 35, "PostgreSQL": 33 + 18}


def measure(bench):
    """Gives the section's text."""
    millis = 400 if bench.quick else 1_000
    numbers = iter(range(10**6))
    with Postgres(bench.scratch, core=GENERATOR) as postgres:
        def sqlite():
            file = os.path.join(bench.scratch, f"ledger{next(numbers)}.db")
            return answer(bench.program("bench-ledger"), f"sqlite:{file}", millis, core=SERVER)

        def postgresql():
            return answer(bench.program("bench-ledger"), postgres.database(), millis, postgres.pid, core=SERVER)

        seen = rounds.interleave(bench.rounds, {"SQLite": sqlite, "PostgreSQL": postgresql}, bench.say)
    cases = [
        {"database": database, "case": case, "cpu": [round_["cpu_us"] for round_ in of_rounds], **rounds.medians(of_rounds)}
        for database, results in seen.items()
        for case, of_rounds in rounds.transpose(results).items()
    ]
    return table(HEAD, map(row, sorted(cases, key=lambda case: (case["database"] != "SQLite", ORDER.index(case["case"])))))


ORDER = ["open, 1", "open, 64", "open, 512", "open, 64, one by one", "open with its reads, 64",
         "seal, 1", "seal, 64", "seal, 512", "seal, 64, one by one"]
HEAD = ["ledger", "call, callers", "µs of CPU", "lowest – highest", "µs in PostgreSQL", "per second", "median wait, ms",
        "99 % wait, ms", "goal"]


def row(case):
    whole, target = case["cpu_us"] + case.get("postgres_cpu_us", 0), ""
    if case["case"] == "open, 512":
        # Groups gather by themselves only when many ask; that is the figure the goal is about.
        most = PROTOTYPE[case["database"]]
        target = goal(whole <= most, f"≤ {most} µs in all")
    return [case["database"], case["case"], figure(case["cpu_us"]), spread(case["cpu"]), figure(case.get("postgres_cpu_us")),
            figure(case["per_second"]), figure(case["wait_ms"]), figure(case["wait_99_ms"]), target]
