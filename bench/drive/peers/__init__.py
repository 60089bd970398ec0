"""Signing over HTTP beside others: Uppy Companion, NestJS with the AWS SDK, FastAPI with boto3, and hello as the ceiling."""

import os
from contextlib import ExitStack
from itertools import islice

from .. import rounds
from ..instance import Store
from ..load import load, request
from ..processes import GENERATOR, Server
from . import install
from .cycle import cycle
from .platform import Platform
from .services import Companion, Handin, fastapi, nest
from .tables import ALL, HELLO, MANY, ONE, PEERS, UNSEEN, text

# Uploads of as many candidates, so that tokens and keys are not one and the same.
CANDIDATES = 64
CONNECTIONS = 16


class Extent:
    """How much is measured: seconds of each measure, calls with new tokens and whole recordings in each round."""

    def __init__(self, bench):
        self.rounds = bench.rounds
        self.seconds, self.unseen, self.recordings = (0.5, 500, 96) if bench.quick else (2, 2_000, 512)

    def total(self, each):
        """For all rounds, and the one before them that is not counted."""
        return (self.rounds + 1) * each


def measure(bench):
    """Gives the section's text."""
    extent, here = Extent(bench), os.path.join(bench.folder, "peers")
    sources, python = install.sources(bench, here), install.python(bench, here)
    platform = Platform(bench, sources, CANDIDATES, extent.total(extent.unseen), extent.total(extent.recordings))
    with ExitStack() as running:
        start = running.enter_context
        store = start(Store(bench.program("handin"), os.path.join(bench.scratch, "store"), core=GENERATOR))
        hello = start(Server(bench.program("bench-hello"), log=os.path.join(bench.scratch, "hello.log")))
        handin = start(Handin(bench, platform, store))
        peers = {
            "companion": start(Companion(bench, sources, platform, store)),
            "nest": start(nest(bench, sources, platform, store)),
            "fastapi": start(fastapi(bench, sources, python, platform, store)),
        }
        for service in (handin, *peers.values()):
            service.prepare()
        measures = planned(bench, extent, handin, store, hello, peers)
        # Just-in-time compilers get their time before anything counts.
        rounds.interleave(1, measures, lambda _: bench.say("  warming up"))
        return text(rounds.interleave(bench.rounds, measures, bench.say))


def planned(bench, extent, handin, store, hello, peers):
    """Name → measure."""
    of = lambda server, requests: lambda: loaded(bench, server, requests, extent.seconds)
    hello.address = hello.line()
    measures = {
        HELLO: of(hello, [request("GET", "/hello", hello.address)]),
        ONE: of(handin, handin.signing(1)),
        UNSEEN: lambda: loaded(bench, handin, handin.unseen(extent.unseen)),
        MANY: of(handin, handin.signing(100)),
        ALL: lambda: whole(bench, handin, store, extent.recordings),
        PEERS["params"]: of(peers["companion"], peers["companion"].params()),
    }
    for name, peer in peers.items():
        measures |= {PEERS[name, count]: of(peer, peer.signing(count)) for count in (1, 100)}
    return measures


def loaded(bench, server, requests, seconds=None):
    """What the load generator saw, with the memory that the server has afterwards."""
    return load(bench, server, server.address, requests, CONNECTIONS, seconds) | {"resident": server.resident()}


def whole(bench, handin, store, recordings):
    tokens = list(islice(handin.platform.sittings, recordings))
    return cycle(bench, handin, store, tokens, CONNECTIONS) | {"resident": handin.resident()}
