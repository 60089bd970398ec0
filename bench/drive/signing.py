"""Signing one part URL in process: ours, other signers in three languages, and the compressions nobody can avoid."""

import json
import os
import shutil

from . import needs, rounds
from .processes import Failed, answer, run
from .report import figure, goal, spread, table

OURS, MANY = "handin-s3", "handin-s3, a call for 100 parts"
FLOOR, FLOOR_OF_MANY = "compressions alone", "compressions alone, 100 parts"
PROTOTYPE = {OURS: "1.45", MANY: "0.7", "rusty-s3": "9.9", "aws-sigv4": "12", "aws-sdk-s3": "65", "botocore": "540",
             "@aws-sdk/s3-request-presigner": "860", FLOOR: "1.5"}


def measure(bench):
    """Gives the section's text."""
    part = os.path.join(bench.scratch, "part.json")
    with open(part, "w", encoding="utf-8") as file:
        json.dump(answer(bench.program("bench-sign"), "part"), file)
    here = os.path.join(bench.folder, "signers")
    millis, slow = (100, 600) if bench.quick else (250, 1500)
    python, modules, js = needs.python(), node_modules(bench, here), "@aws-sdk/s3-request-presigner"
    measures = {
        "rust": lambda: answer(bench.program("bench-sign"), "measure", millis),
        "botocore": lambda: checked(bench, "botocore", python, f"{here}/botocore_url.py", slow, part),
        js: lambda: checked(bench, js, "node", "--no-warnings", f"{here}/sdk_url.mjs", slow, part, modules),
    }
    seen = rounds.interleave(bench.rounds, measures, bench.say)
    costs = rounds.transpose(seen.pop("rust"))
    costs |= {name: [result["nanoseconds"] for result in results] for name, results in seen.items()}
    return text({name: [nanoseconds / 1000 for nanoseconds in values] for name, values in costs.items()})


def checked(bench, name, *command):
    """One measurement of a signer in another language, whose URL must be for the same request."""
    result = answer(*command)
    run(bench.program("bench-sign"), "check", name, result.pop("url"))
    return result


def text(costs):
    median = {name: rounds.median(values) for name, values in costs.items()}
    goals = {OURS: goal(median[OURS] <= 2, "≤ 2 µs"), MANY: goal(median[MANY] <= 1, "≤ 1 µs a part")}
    row = lambda name: [
        f"**{name}**" if name.startswith("handin") else name, figure(median[name]), spread(costs[name]),
        PROTOTYPE.get(name, ""), figure(median[name] / median[OURS]), goals.get(name, ""),
    ]
    head = ["one part URL", "µs of CPU", "lowest – highest", "prototype", "× handin-s3", "goal"]
    return table(head, map(row, sorted(median, key=median.get)))


def node_modules(bench, here):
    """A folder with the JavaScript signer, installed once for each list of versions."""
    with open(f"{here}/package.json", encoding="utf-8") as file:
        wanted = file.read()
    folder = os.path.join(bench.cache, "bench-signers")
    have = os.path.join(folder, "package.json")
    if not os.path.exists(have) or open(have, encoding="utf-8").read() != wanted:
        bench.say("  installing the JavaScript signer")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        shutil.copy(f"{here}/package.json", have)
        try:
            run("npm", "install", "--prefix", folder, "--no-package-lock", "--no-audit", "--no-fund", "--silent")
        except Failed:
            os.remove(have)
            raise
    return folder
