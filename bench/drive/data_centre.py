"""What the bell does to live calls in a data centre, the old ways and the new: `handin bench data-centre`."""

import json
import os

from .processes import run
from .report import figure, table

NAMES = {"before": "before: a proxy in the data centre", "at-end": "presigned, at the end", "handin": "**handin**"}

# The command takes rounds of its own, which its table names.
IN_ROUNDS = False


def measure(bench):
    """Gives the section's text. The command takes its own rounds and interleaves them."""
    file = os.path.join(bench.scratch, "data-centre.json")
    flags = ["--candidates", 10, "--rounds", 1, "--data-centre", "12M"] if bench.quick else []
    run(bench.program("handin"), "bench", "data-centre", "--json", file, "--html", page(bench), *flags, core="0-1", within=3_600)
    with open(file, encoding="utf-8") as figures:
        told = json.load(figures)
    setup = "; ".join(f"{name}: {value}" for name, value in told["setup"])
    return f"{table(HEAD, map(row, told['ways']))}\n\n{setup[0].upper()}{setup[1:]}."


def page(bench):
    """The page with plots stands beside the figures in the docs."""
    folder = bench.scratch if bench.quick else os.path.join(bench.root, "docs")
    return os.path.join(folder, "data-centre.html")


HEAD = ["way", "live packets lost at the bell, %", "late, %", "jitter, ms", "recordings lost", "bell to receipts: p50, s",
        "p95", "p99", "over the data-centre link, MB in", "out"]


def row(way):
    lost = f"{figure(way['recordings_lost'])} of {way['recordings']}"
    return [NAMES[way["way"]], figure(way["live_lost_percent"]), figure(way["live_late_percent"]), figure(way["live_jitter_ms"]),
            lost, *map(figure, way["bell_to_receipt_s"]), *map(figure, way["data_centre_mb"])]
