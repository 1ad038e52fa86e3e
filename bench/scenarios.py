"""What is measured: the loads, the figures asked of them, and how each comes about."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Final

from rich.console import Console
from sqlalchemy import func, select

from bench import corpus, flood, ncip, network, peers, postgresql, sip2, z3950
from bench.daemon import Daemon, daemon, run
from bench.load import Frame, Generator, Result, Script, play
from bench.machine import CORES, LOAD_CORE, Usage, memory_kib, pinned
from bench.report import Asked, Figure, Load, Round
from protocols.z3950 import oids
from storage import schema

WARMUP: Final = 0.5
IDLE: Final = 1_000
CROWD: Final = 10_000
LIBRARY: Final = "LENS"


class WrongReplies(Exception):
    """Replies were wrong, so the figures mean nothing."""


@dataclass
class Bench:
    """One run of the benchmark. *folder* is on the disk that is measured."""

    console: Console
    generator: Generator
    folder: Path
    rounds: int
    seconds: float
    size: network.Size
    records: int
    loads: list[Load] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    @contextmanager
    def place(self) -> Iterator[Path]:
        """Give a folder for one round."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            yield Path(name)

    def load(self, name: str, connections: int, *asked: Asked) -> Load:
        """Return the load of this name, made at its first round."""
        for load in self.loads:
            if (load.name, load.connections) == (name, connections):
                return load
        self.loads.append(Load(name, connections, asked))
        return self.loads[-1]

    def figure(self, name: str, value: float, unit: str, asked: Asked | None = None, remark: str = "") -> None:
        """Say a figure; of several rounds the best, which is the least, is kept."""
        self.console.print(f"{name}: {value:,.2f} {unit} {remark}")
        new = Figure(name, value, unit, asked, remark)
        for at, old in enumerate(self.figures):
            if old.name == name:
                self.figures[at] = min(old, new, key=lambda figure: figure.value)
                return
        self.figures.append(new)

    @cached_property
    def corpus(self) -> tuple[Path, corpus.Facts]:
        """The records to import, made once."""
        path = self.folder / "corpus.mrc"
        return path, corpus.write(path, self.records, (LIBRARY, "LIEVIN", "AVION"))

    def measure(self, load: Load, script: Script, server: Daemon, wire: str, database: int | None = None) -> None:
        """Play *script* for one round of *load*. Raises WrongReplies."""
        usage: list[Usage] = []

        def mark(_word: str) -> None:
            usage.append(Usage.now(server.pid, database))

        os.sched_setaffinity(0, {LOAD_CORE})  # looking at the processes must not disturb the server
        try:
            result = play(
                self.generator,
                script,
                self.folder,
                server.ports[wire],
                warmup=WARMUP,
                seconds=self.seconds,
                core=pinned(LOAD_CORE),
                spin=database is None and len(CORES) > 1,  # PostgreSQL works on the generator's core as well
                mark=mark,
            )
        finally:
            os.sched_setaffinity(0, CORES)
        if result.errors or not result.all.count:
            shown = "\n".join(f"{one['kind']}: {one['request']!r} -> {one['reply']!r}" for one in result.samples)
            raise WrongReplies(f"{load.name}, {load.connections} clients: {result.kinds}\n{shown}")
        one = Round.of(result, *usage)
        load.rounds.append(one)
        self.console.print(
            f"{load.name}, {load.connections} clients: {one.rate:,.0f}/s, {one.cpu_us:.0f} µs,"
            f" p50 {one.latency.p50_us / 1e3:.2f} ms, p99 {one.latency.p99_us / 1e3:.2f} ms"
            f" (others {one.neighbours:.0%})"
        )


# --- SIP2 -----------------------------------------------------------------------------------------------------------------

_ALONE: Final = ("63",)
_SIP2: Final[Sequence[tuple[str, int, Sequence[str], tuple[Asked, ...]]]] = (
    ("SIP2 mix", 1, sip2.MIX, (Asked("p50_ms of 63", "<", 0.25), Asked("p50_ms of 11", "<", 0.8))),
    ("SIP2 mix", 16, sip2.MIX, ()),
    ("SIP2 mix", 64, sip2.MIX, (Asked("rate", ">=", 10_000), Asked("cpu_us", "<=", 90), Asked("p99_ms", "<", 15))),
    ("SIP2 mix", 512, sip2.MIX, ()),
    ("SIP2 patron information", 64, _ALONE, (Asked("rate", ">=", 15_000),)),
)
_POSTGRESQL: Final[Sequence[tuple[str, int, Sequence[str], tuple[Asked, ...]]]] = (
    ("SIP2 mix, PostgreSQL", 1, sip2.MIX, ()),
    ("SIP2 mix, PostgreSQL", 64, sip2.MIX, (Asked("rate", ">=", 6_000),)),
    ("SIP2 patron information, PostgreSQL", 64, _ALONE, ()),
)


def measure_sip2(bench: Bench) -> None:
    """Measure SIP2 on SQLite, each round on a new store."""
    for _ in range(bench.rounds):
        with bench.place() as folder:
            store = network.make(folder)
            store.grow(bench.size)
            with daemon(store.configuration) as server:
                for name, connections, steps, asked in _SIP2:
                    script = sip2.script(connections, steps, store.libraries, bench.size)
                    bench.measure(bench.load(name, connections, *asked), script, server, "sip2")


def measure_postgresql(bench: Bench) -> None:
    """Measure SIP2 on PostgreSQL, each round on a new database."""
    with postgresql.database() as database:
        for _ in range(bench.rounds):
            with bench.place() as folder:
                store = network.make(folder, database.empty())
                store.grow(bench.size)
                with daemon(store.configuration) as server:
                    for name, connections, steps, asked in _POSTGRESQL:
                        script = sip2.script(connections, steps, store.libraries, bench.size)
                        bench.measure(bench.load(name, connections, *asked), script, server, "sip2", database.pid)


BURDENED: Final = "SIP2 patron information, 100 loans and 20 holds"


def measure_burdened(bench: Bench) -> None:
    """Measure what is told of readers who have very much."""
    with bench.place() as folder:
        store = network.make(folder)
        store.burden()
        with daemon(store.configuration) as server:
            for _ in range(bench.rounds):
                load = bench.load(BURDENED, 16, Asked("cpu_us", "<", 1_000))
                bench.measure(load, sip2.much(16, LIBRARY), server, "sip2")


def measure_wire(bench: Bench) -> None:
    """Measure codec and session alone, in this process."""
    micros = sip2.wire()
    bench.figure("SIP2 codec and session, a request and its reply", micros, "µs", Asked("wire", "<=", 15))


LOGINS: Final = 512


def measure_logins(bench: Bench) -> None:
    """Measure how long it takes all kiosks to be back: on a daemon that has just started, and on one that knows them."""
    with bench.place() as folder:
        store = network.make(folder)
        script = sip2.idle(LOGINS, store.libraries, status=True)
        for _ in range(bench.rounds):
            with daemon(store.configuration) as server:
                for what in ("the first since the start", "again"):
                    with held(bench, script, server.ports["sip2"]) as took:
                        pass
                    name = f"{LOGINS} SIP2 connections made, logged in and told the status, {what}"
                    bench.figure(name, took(), "s", Asked("logins", "<", 1))


def measure_flood(bench: Bench) -> None:
    """Measure how long a gate waits beside terminals that flood."""
    with bench.place() as folder:
        store = network.make(folder)
        store.grow(bench.size)
        script = sip2.script(1, ("17",), store.libraries, bench.size)
        load = bench.load(f"SIP2 item information, {flood.FLOODERS} others flood", 1, Asked("p99_ms", "<", 100))
        with daemon(store.configuration) as server:
            for _ in range(bench.rounds):
                with flood.flooding(server.ports["sip2"], store.libraries):
                    bench.measure(load, script, server, "sip2")


def measure_peers(bench: Bench) -> None:
    """Measure SIP2 servers of others with the load of ours; they answer from memory."""
    for _ in range(bench.rounds):
        with bench.place() as folder:
            store = network.make(folder)
            store.grow(bench.size)
            servers = [("Bibliobus, on disk", daemon(store.configuration))]
            servers += [(f"pysip2 on {loop}, from memory", peers.peer(loop)) for loop in peers.LOOPS]
            for name, starting in servers:
                with starting as server:
                    script = sip2.script(64, sip2.MIX, store.libraries, bench.size, dated=True)
                    bench.measure(bench.load(f"SIP2 mix, {name}", 64), script, server, "sip2")


_SCALES: Final = (network.Size(6_667), network.Size(666_667))
"""10,000 loans and 1,000,000."""


def measure_scale(bench: Bench) -> None:
    """Measure check-outs and check-ins with few and with very many loans, readers and items in the store."""
    micros = []
    for size in _SCALES:
        name = f"SIP2 check-out and check-in, {size.loans:,} loans"
        with bench.place() as folder:
            store = network.make(folder)
            store.grow(size)
            with daemon(store.configuration) as server:
                for _ in range(bench.rounds):
                    script = sip2.script(64, ("11", "09"), store.libraries, size)
                    bench.measure(bench.load(name, 64), script, server, "sip2")
        micros.append(min(one.cpu_us for one in bench.load(name, 64).rounds))
    few, many = micros
    remark = f"{few:.0f} and {many:.0f} microseconds of CPU"
    bench.figure("cost of an act with 1,000,000 loans to 10,000", many / few, "times", Asked("cost", "<=", 1.2), remark)


# --- NCIP -----------------------------------------------------------------------------------------------------------------


_PARTNERS: Final = 4
_DESK: Final = (Asked("p95_ms of LookupUser", "<", 5), Asked("p95_ms of AcceptItem", "<", 10))
_NCIP: Final[Sequence[tuple[str, int, Sequence[str], tuple[Asked, ...]]]] = (
    ("NCIP LookupUser AcceptItem", _PARTNERS, ("LookupUser", "AcceptItem"), _DESK),
    ("NCIP LookupUser CheckOut CheckIn", _PARTNERS, ("LookupUser", "CheckOutItem", "CheckInItem"), _DESK[:1]),
    ("NCIP LookupItem", 16, ("LookupItem",), (Asked("rate", ">=", 1_000),)),
    ("NCIP CheckOut CheckIn", 16, ("CheckOutItem", "CheckInItem"), (Asked("rate", ">=", 500),)),
)


def measure_ncip(bench: Bench) -> None:
    """Measure NCIP: what a message costs to read, then the daemon."""
    for name, micros in ncip.reading():
        bench.figure(name, micros / 1e3, "ms", Asked(name, "<=", 0.2))
    for _ in range(bench.rounds):
        with bench.place() as folder:
            store = network.make(folder)
            store.grow(bench.size)
            with daemon(store.configuration) as server:
                for name, connections, steps, asked in _NCIP:
                    script = ncip.script(connections, steps, store.libraries, bench.size, WARMUP + bench.seconds)
                    bench.measure(bench.load(name, connections, *asked), script, server, "web")


# --- records --------------------------------------------------------------------------------------------------------------

_FAST: Final = (Asked("rate", ">=", 10_000),)
_SEARCHES: Final[Sequence[tuple[str, Callable[[z3950.Queries], Iterator[Frame]], tuple[Asked, ...]]]] = (
    ("Z39.50 title word, rare", z3950.Queries.rare, _FAST),
    ("Z39.50 title word, common", z3950.Queries.common, _FAST),
    ("Z39.50 title AND title", z3950.Queries.both, _FAST),
    ("Z39.50 author AND title", z3950.Queries.author_title, ()),
    ("Z39.50 ISBN with record", partial(z3950.Queries.isbn, piggyback=oids.UNIMARC), ()),
    ("Z39.50 phrase", z3950.Queries.phrase, ()),
    ("Z39.50 truncation", z3950.Queries.truncated, ()),
)
_PRESENTS: Final[Sequence[tuple[str, str, int, int, tuple[Asked, ...]]]] = (
    # A hundred records that everyone asks for, as the peers were measured; then a thousand for each of twenty searches.
    ("Z39.50 present 10 UNIMARC", oids.UNIMARC, 1, 100, _FAST),
    ("Z39.50 present 10 USMARC", oids.USMARC, 1, 100, ()),
    ("Z39.50 present 10 XML", oids.XML, 1, 100, ()),
    ("Z39.50 present 10 UNIMARC, others each time", oids.UNIMARC, z3950.QUERIES, 1_000, ()),
    ("Z39.50 present 10 USMARC, others each time", oids.USMARC, z3950.QUERIES, 1_000, ()),
)
_SESSIONS: Final = (1, 16, 64)


_IMPORTED: Final = 100_000
"""Records whose import is given a time."""


@contextmanager
def catalogue(bench: Bench) -> Iterator[tuple[network.Store, corpus.Facts]]:
    """Import a corpus into a new store. Raises WrongReplies when not all of it arrived."""
    with bench.place() as folder:
        store = network.make(folder)
        path, facts = bench.corpus
        ended = run("import", str(path), f"--library={LIBRARY}", f"--config={store.configuration}")
        with store.location.engine(reads=True).connect() as connection:
            kept = [
                connection.execute(select(func.count()).select_from(t)).scalar_one()
                for t in (schema.record, schema.item)
            ]
        if kept != [facts.records, facts.items]:
            raise WrongReplies(f"of {facts.records} records and {facts.items} items, {kept} arrived:\n{ended.output}")
        what = f"import of {facts.records:,} records, {facts.items:,} items"
        asked = Asked(what, "<=", 40) if facts.records <= _IMPORTED else None
        bench.figure(what, ended.seconds, "s", asked, f"{ended.processor_seconds:.1f} s of processor")
        bench.figure(f"{what}: memory", ended.peak_kib / 1024, "MiB", Asked(what, "<=", 500))
        yield store, facts


def measure_import(bench: Bench) -> None:
    """Measure the import alone."""
    for _ in range(bench.rounds):
        with catalogue(bench):
            pass


def measure_z3950(bench: Bench) -> None:
    """Measure searches and presents on a catalogue that has just been imported."""
    with catalogue(bench) as (store, facts):
        queries = z3950.Queries(facts)
        scripts: list[tuple[str, Callable[[int], Script], tuple[Asked, ...]]] = [
            (name, partial(z3950.script, frames=list(make(queries))), asked) for name, make, asked in _SEARCHES
        ]
        scripts += [
            (name, partial(z3950.presenting, presents=list(queries.presents(syntax, records))[:searches]), asked)
            for name, syntax, searches, records, asked in _PRESENTS
        ]
        for _ in range(bench.rounds):
            with daemon(store.configuration) as server:
                for name, make_script, asked in scripts:
                    for sessions in _SESSIONS:
                        load = bench.load(name, sessions, *(asked if sessions == 16 else ()))
                        bench.measure(load, make_script(sessions), server, "z3950")


# --- the daemon itself ------------------------------------------------------------------------------------------------------


def measure_start(bench: Bench) -> None:
    """Measure how long the daemon takes from its command to the moment it listens."""
    with bench.place() as folder:
        store = network.make(folder)
        store.grow(bench.size)
        seconds = []
        for _ in range(bench.rounds):
            with daemon(store.configuration) as server:
                seconds.append(server.start_seconds)
    bench.figure("start of the daemon", min(seconds), "s", Asked("start", "<=", 2), f"of {bench.rounds}")


def measure_idle(bench: Bench) -> None:
    """Measure what connections cost that say nothing more after their first message, in the daemon's memory."""
    with bench.place() as folder:
        store = network.make(folder)
        scripts: dict[str, tuple[Callable[[int], Script], int]] = {
            "sip2": (partial(sip2.idle, libraries=store.libraries), 20),
            "z3950": (z3950.idle, 30),
        }
        for wire, (script, asked) in scripts.items():
            # The first thousands live in memory that the start has left free; those after them show what they cost.
            with daemon(store.configuration) as server, held(bench, script(2 * IDLE), server.ports[wire]):
                before = memory_kib(server.pid)
                with held(bench, script(IDLE), server.ports[wire]) as took:
                    kib = (memory_kib(server.pid) - before) / IDLE
            made = f"{IDLE} made in {took():.2f} s"
            bench.figure(f"idle connection, {wire}", kib, "KiB", Asked("idle", "<=", asked), made)
        store = network.make(folder, connections=CROWD)
        with (
            daemon(store.configuration) as server,
            held(bench, sip2.idle(CROWD, store.libraries), server.ports["sip2"]) as took,
        ):
            mib = memory_kib(server.pid) / 1024
        remark = f"made in {took():.2f} s"
        bench.figure(f"daemon with {CROWD:,} idle connections, sip2", mib, "MiB", Asked("crowd", "<", 300), remark)


@contextmanager
def held(bench: Bench, script: Script, port: int) -> Iterator[Callable[[], float]]:
    """Hold idle connections; what is given tells, afterwards, how long it took to make them."""
    run_ = bench.generator.start(script, bench.folder, port)
    run_.wait_for("ready")
    results: list[Result] = []
    yield lambda: results[0].ready_seconds
    results.append(run_.finish())
    if results[0].errors or results[0].connections != len(script.connections):
        raise WrongReplies(f"idle connections: {results[0].kinds}, {results[0].samples}")


SCENARIOS: Final[dict[str, Callable[[Bench], None]]] = {
    "start": measure_start,
    "idle": measure_idle,
    "wire": measure_wire,
    "logins": measure_logins,
    "sip2": measure_sip2,
    "burdened": measure_burdened,
    "flood": measure_flood,
    "peers": measure_peers,
    "postgresql": measure_postgresql,
    "scale": measure_scale,
    "ncip": measure_ncip,
    "import": measure_import,
    "z3950": measure_z3950,
}
