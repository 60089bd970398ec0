"""The report: tables between markers in docs/benchmarks.md."""

import os
import platform
import re
import subprocess
import time


def table(head, rows):
    """A Markdown table; the first column is text, the others are figures."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def figure(value, unit=""):
    """Three digits are what these measurements can bear."""
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}{unit}".replace(",", " ")


def spread(values):
    """The lowest and the highest of the rounds."""
    return f"{figure(min(values))} – {figure(max(values))}"


def goal(reached, text):
    """A goal with whether it was reached."""
    return f"{text}: {'reached' if reached else '**missed**'}"


def provenance(root, rounds_run):
    """Which sources were measured where, and how busy the machine was when it began; no rounds for what says itself how often it
    was measured."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    processor = model.group(1).strip() if model else platform.machine()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    described = ["git", "-C", root, "describe", "--always", "--dirty"]
    commit = subprocess.run(described, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    often = f"medians of {rounds_run} rounds; " if rounds_run else ""
    return (
        f"*{when}, commit {commit}; {os.cpu_count()} cores ({processor}), {memory:.0f} GiB; {often}"
        f"load average at the start {os.getloadavg()[0]:.1f}.*"
    )


def write(root, sections):
    """Puts each section's tables between its markers in docs/benchmarks.md; other sections stay."""
    page = os.path.join(root, "docs/benchmarks.md")
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for name, tables in sections.items():
        text = between_markers(text, name, tables)
    with open(page, "w", encoding="utf-8") as file:
        file.write(text)


def between_markers(text, name, content):
    begin, end = f"<!-- {name}: begin, written by bench/run -->", f"<!-- {name}: end -->"
    if begin not in text or end not in text:
        raise ValueError(f"docs/benchmarks.md has no markers for {name}")
    head, rest = text.split(begin, 1)
    return head + begin + "\n" + content + "\n" + end + rest.split(end, 1)[1]
