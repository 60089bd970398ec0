"""The table of the comparison, with its goals, each judged by the figures of the same run."""

from .. import rounds
from ..report import figure, goal, spread, table

HELLO = "axum: hello"
ONE, MANY = "**handin: sign 1 part**", "**handin: sign 100 parts**"
UNSEEN, ALL = "handin: sign 1 part, token never seen before", "handin: open, sign and seal"
PEERS = {
    "params": "Companion: `/s3/params`",
    ("companion", 1): "Companion: sign 1 part",
    ("companion", 100): "Companion: sign 100 parts",
    ("nest", 1): "NestJS, AWS SDK: sign 1 part",
    ("nest", 100): "NestJS, AWS SDK: sign 100 parts",
    ("fastapi", 1): "FastAPI, boto3: sign 1 part",
    ("fastapi", 100): "FastAPI, boto3: sign 100 parts",
}
# How many times handin's CPU a peer's call is meant to cost.
TIMES = {"params": 100, ("companion", 1): 100, ("nest", 1): 100, ("nest", 100): 400, ("fastapi", 1): 40}
NODE = ("companion", "nest")
MANY_ROWS = {MANY, *(PEERS[name, 100] for name in (*NODE, "fastapi"))}


def text(seen):
    """The table, from name → results of the rounds."""
    figures = {name: rounds.medians(results) for name, results in seen.items()}
    goals = {PEERS[peer]: times_goal(figures, PEERS[peer], times) for peer, times in TIMES.items()}
    goals[ONE] = memory_goal(figures)
    row = lambda name, it: [
        name, figure(it["cpu_us"]), spread([result["cpu_us"] for result in seen[name]]), figure(times_ours(figures, name)),
        figure(it["per_second"]), figure(it["wait_ms"]), figure(it["wait_99_ms"]), figure(it["resident"]), goals.get(name, ""),
    ]
    head = ["service: call", "µs of CPU", "lowest – highest", "× handin's", "per second", "median wait, ms",
            "99 % wait, ms", "resident, MiB", "goal"]
    return table(head, [row(name, it) for name, it in figures.items()])


def ours(name):
    """The call of handin that a row is compared with: the one that signs as many parts."""
    return MANY if name in MANY_ROWS else ONE


def times_ours(figures, name):
    return figures[name]["cpu_us"] / figures[ours(name)]["cpu_us"]


def times_goal(figures, name, times):
    """Says of a goal that was missed what a call of handin might cost then, beside hello, which does nothing else."""
    reached = times_ours(figures, name) >= times
    might, hello = figure(figures[name]["cpu_us"] / times), figure(figures[HELLO]["cpu_us"])
    return goal(reached, f"≥ {times}×") + ("" if reached else f" (handin's might cost {might} µs then, hello costs {hello})")


def memory_goal(figures):
    """A fifth of the leaner one of the two services on Node."""
    leanest = min(figures[PEERS[name, count]]["resident"] for name in NODE for count in (1, 100))
    return goal(figures[ONE]["resident"] < leanest / 5, f"resident < a fifth of Node's {figure(leanest)} MiB")
