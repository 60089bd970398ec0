"""Parts of 5 MiB from 64 clients: into the embedded store, into nginx, and straight into files; and the store's memory."""

import hashlib
import os
import shutil
import time
from urllib.parse import urlsplit

from . import rounds
from .instance import Instance
from .load import load, request
from .nginx import Nginx
from .processes import SERVER, answer
from .report import figure, goal, spread, table

PART, CLIENTS, GIB = 5 << 20, 64, 1 << 30
DIGEST = hashlib.sha256(b"\x5a" * PART).hexdigest()
OURS, CHECKED = "embedded store", "embedded store, SHA-256 bound"
NGINX, NGINX_SYNCED = "nginx DAV, not durable", "nginx DAV, then `sync`"
WRITER = "raw writer"
WRITER_THREADS = 8


def measure(bench):
    """Gives the section's text."""
    count = CLIENTS if bench.quick else 2 * CLIENTS
    folder = os.path.join(bench.scratch, "parts")
    os.makedirs(folder)
    with (
        Instance(bench.program("handin"), os.path.join(folder, "data")) as handin,
        Nginx(os.path.join(folder, "nginx")) as nginx,
    ):
        exam = handin.exam()
        tokens = [handin.token(exam, f"c-{number:03}") for number in range(CLIENTS)]
        measures = {
            OURS: lambda: into_store(bench, handin, tokens, count, None),
            CHECKED: lambda: into_store(bench, handin, tokens, count, DIGEST),
            NGINX: lambda: into_nginx(bench, nginx, count, False),
            NGINX_SYNCED: lambda: into_nginx(bench, nginx, count, True),
            WRITER: lambda: into_files(bench, folder, count),
        }
        seen = rounds.interleave(bench.rounds, measures, bench.say)
        memory = memory_of_whole_objects(bench, handin, exam)
    return text(seen, memory)


def into_store(bench, handin, tokens, count, sha256):
    """Every client opens a recording and sends its parts; opening, signing and clearing up are not timed."""
    each = count // len(tokens)
    parts = [{"number": number, "size": PART} | ({"sha256": sha256} if sha256 else {}) for number in range(1, each + 1)]
    requests, opened = [], []
    for token in tokens:
        recording = handin.open(token)
        opened.append((token, recording["id"]))
        requests += [put(signed, PART) for signed in handin.sign(token, recording, parts)]
    os.sync()
    seen = rated(load(bench, handin, handin.store, requests, CLIENTS), count)
    for token, recording in opened:
        handin.call("DELETE", f"/v1/recordings/{recording}", bearer=token)
    return seen


def put(signed, size):
    """The request that a signed URL is for."""
    url = urlsplit(signed["url"])
    return request("PUT", f"{url.path}?{url.query}", url.netloc, signed["headers"], fill=size)


def into_nginx(bench, nginx, count, synced):
    requests = [request("PUT", f"/{number}", nginx.address, fill=PART) for number in range(count)]
    os.sync()
    begin = time.monotonic()
    seen = load(bench, nginx, nginx.address, requests, CLIENTS)
    if synced:
        os.sync()
        seen["seconds"] = time.monotonic() - begin
    for name in os.listdir(nginx.objects):
        os.remove(os.path.join(nginx.objects, name))
    return rated(seen, count)


def into_files(bench, folder, count):
    files = os.path.join(folder, "files")
    os.makedirs(files)
    os.sync()
    seen = answer(bench.program("bench-writer"), files, count, PART, WRITER_THREADS, core=SERVER)
    shutil.rmtree(files)
    return rated(seen | {"cpu_us": seen["cpu_s"] * 1e6 / count}, count)


def rated(seen, count):
    return seen | {"mib_per_second": count * PART / seen["seconds"] / (1 << 20), "cpu_ms": seen["cpu_us"] / 1e3}


def memory_of_whole_objects(bench, handin, exam):
    """The most MiB resident while 1 GiB arrives in one PUT, and while 1 GiB of parts arrives and is sealed."""
    token = handin.token(exam, "c-memory")
    recording = handin.open(token, "put", size=GIB)
    handin.forget_peak()
    idle = handin.peak_memory()
    load(bench, handin, handin.store, [put(recording["put"], GIB)], 1)
    whole = handin.peak_memory()
    seal(handin, token, recording, GIB, [])
    recording = handin.open(token)
    sizes = [PART] * (GIB // PART) + [GIB % PART]
    parts = [{"number": number, "size": size} for number, size in enumerate(sizes, 1)]
    requests = []
    for ahead in range(0, len(parts), 64):
        signed = handin.sign(token, recording, parts[ahead : ahead + 64])
        requests += [put(one, size) for one, size in zip(signed, sizes[ahead:])]
    handin.forget_peak()
    load(bench, handin, handin.store, requests, CLIENTS)
    seal(handin, token, recording, GIB, parts)
    return {"idle": idle, "1 GiB in one PUT": whole, "1 GiB in parts from 64 clients, sealed": handin.peak_memory()}


def seal(handin, token, recording, size, parts):
    body = {"handle": recording["handle"], "size": size, "parts": parts}
    return handin.call("POST", f"/v1/recordings/{recording['id']}/seal", body, bearer=token)


def text(seen, memory):
    figures = {name: rounds.medians(results) for name, results in seen.items()}
    share = {name: it["mib_per_second"] / figures[WRITER]["mib_per_second"] for name, it in figures.items()}
    goals = {name: goal(share[name] >= 0.7, "≥ 70 % of the raw writer") for name in (OURS, CHECKED)}
    row = lambda name, it: [
        name, figure(it["mib_per_second"]), spread([result["mib_per_second"] for result in seen[name]]),
        f"{100 * share[name]:.0f} %", figure(it["cpu_ms"]), figure(it.get("wait_99_ms")), goals.get(name, ""),
    ]
    head = ["5 MiB parts from 64 clients", "MiB/s", "lowest – highest", "of the raw writer", "ms of CPU a part",
            "99 % wait, ms", "goal"]
    speed = table(head, [row(name, it) for name, it in figures.items()])
    most = [figure(mib) for mib in memory.values()] + [goal(max(memory.values()) < 200, "< 200 MiB")]
    return f"{speed}\n\n{table(['most resident, MiB', *memory, 'goal'], [['`handin serve`', *most]])}"
