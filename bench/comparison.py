"""Z39.50 beside Zebra: the same records, the same queries, the same load generator, turn by turn in one run.

What is compared is the processor time that a request takes of the server's processes, those of single sessions included: it is
what is left when one server has a process for each session and the other one for all. Where Zebra is not installed, ours is measured alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, zip_longest
from statistics import geometric_mean
from typing import Final

from sqlalchemy import update

from bench import network, zebra
from bench.daemon import Daemon, daemon, run
from bench.load import Connection, Frame, Framing, Script
from bench.machine import memory_kib, processor_seconds
from bench.report import Asked
from bench.scenarios import Bench, WrongReplies, catalogue, held
from bench.z3950 import INIT, QUERIES, Queries, idle, presenting, script
from protocols.z3950 import oids
from storage.schema import catalogue_version

_SESSIONS: Final = (1, 16, 64)
_CONNECTED: Final = 200
_IDLE: Final = 5_000
_ACTIVE: Final = 16
OURS, THEIRS = "Bibliobus", "Zebra"


@dataclass(frozen=True)
class Kind:
    """A kind of request: how it is asked for, how many times Zebra's rate ours must be, and its p50 at one session."""

    name: str
    script: Callable[[Queries, int], Script]
    ratio: float | None = None
    p50_ms: float = 0.15


def _of(make: Callable[[Queries], Iterator[Frame]]) -> Callable[[Queries, int], Script]:
    return lambda queries, sessions: script(sessions, list(make(queries)))


def _once(make: Callable[[Queries], Iterator[Frame]]) -> Callable[[Queries, int], Script]:
    """Give each session others to ask for, and other ones at each number of sessions: these are asked of the same servers."""

    def made(queries: Queries, sessions: int) -> Script:
        frames = list(make(queries))[_SESSIONS.index(sessions) :: len(_SESSIONS)]
        return Script(Framing.BER, [Connection([INIT], frames[number::sessions]) for number in range(sessions)])

    return made


def _presents(searches: int, records: int) -> Callable[[Queries, int], Script]:
    return lambda queries, sessions: presenting(sessions, list(queries.presents(oids.UNIMARC, records))[:searches])


KINDS: Final = (
    Kind("ISBN", _of(Queries.isbn), 0.8),
    Kind("rare word", _of(Queries.rare), 0.8),
    Kind("common word", _of(Queries.common), 1.0),
    Kind("any", _of(Queries.anywhere), 1.0),
    Kind("author", _of(Queries.author), 1.0),
    Kind("AND", _of(Queries.both), 1.0),
    Kind("phrase", _of(Queries.phrase), 1.0, 0.3),
    Kind("truncation", _of(Queries.truncated), 1.0),
    Kind("scan of 20", _of(Queries.scans), 10),
    Kind("present of 10", _presents(1, 100), 2, 0.3),
    Kind("ISBN with record", _of(partial(Queries.isbn, piggyback=oids.UNIMARC))),
    Kind("rare word, others each time", _once(Queries.rare_once)),
    Kind("present of 10, others each time", _presents(QUERIES, 1_000), None, 0.3),
)
"""Those with a ratio are in the geometric mean."""


def measure_zebra(bench: Bench) -> None:
    """Measure both, kind by kind, on a catalogue that has just been imported."""
    with catalogue(bench) as (store, facts), _servers(bench, store) as servers:
        queries = Queries(facts)
        connects: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(bench.rounds):
            for kind in KINDS:
                for sessions in _SESSIONS:
                    for name, server in servers.items():
                        asked = (Asked("p50_ms", "<=", kind.p50_ms),) if name == OURS and sessions == 1 else ()
                        load = bench.load(f"{name}: {kind.name}", sessions, *asked)
                        bench.measure(load, kind.script(queries, sessions), server, "z3950")
            for name, server in servers.items():
                connects[name].append(_connect(bench, server))
        for name, server in servers.items():
            _say_idle(bench, name, server)
        if THEIRS in servers:
            _say_ratios(bench)
            _say_connects(bench, connects)
        _measure_idle_ones(bench, servers[OURS], queries)


@contextmanager
def _servers(bench: Bench, store: network.Store) -> Iterator[dict[str, Daemon]]:
    """Run our daemon and, where it is installed, Zebra; the one that is not asked anything takes no time."""
    with store.configuration.open("a") as file:
        file.write(f"[z3950]\nconnections = {2 * _IDLE}\n")
    with ExitStack() as stack:
        servers = {OURS: stack.enter_context(daemon(store.configuration))}
        if zebra.installed():
            folder = stack.enter_context(bench.place())
            ended = zebra.index(folder, bench.corpus[0])
            remark = f"{ended.processor_seconds:.1f} s of processor"
            bench.figure(f"Zebra: index of {bench.records:,} records", ended.seconds, "s", remark=remark)
            servers[THEIRS] = stack.enter_context(zebra.server(folder))
        else:
            bench.console.print("Zebra is not installed here (Debian: idzebra-2.0): ours is measured alone.")
        yield servers


def _least(bench: Bench, name: str, sessions: int) -> float:
    return min(one.cpu_us for one in bench.load(name, sessions).rounds)


def _say_ratios(bench: Bench) -> None:
    for sessions in _SESSIONS[1:]:
        ratios = []
        for kind in KINDS:
            ours, theirs = (_least(bench, f"{server}: {kind.name}", sessions) for server in (OURS, THEIRS))
            asked = None if kind.ratio is None else Asked("ratio", ">=", kind.ratio)
            if asked:
                ratios.append(theirs / ours)
            name = f"{kind.name}, {sessions} sessions: ours / Zebra's"
            remark = f"{ours:.0f} and {theirs:.0f} microseconds of CPU"
            bench.figure(name, theirs / ours, "times", asked, remark)
        name = f"geometric mean, {sessions} sessions: ours / Zebra's"
        bench.figure(name, geometric_mean(ratios), "times", Asked("ratio", ">=", 2))


def _connect(bench: Bench, server: Daemon) -> float:
    """Open sessions; return the microseconds of processor that one takes."""
    before = processor_seconds([server.pid])
    with held(bench, idle(_CONNECTED), server.ports["z3950"]):
        return (processor_seconds([server.pid]) - before) / _CONNECTED * 1e6


def _say_connects(bench: Bench, connects: dict[str, list[float]]) -> None:
    ours, theirs = min(connects[OURS]), min(connects[THEIRS])
    remark = f"{ours:.0f} and {theirs:.0f} microseconds of CPU"
    bench.figure("connect and Init: ours / Zebra's", theirs / ours, "times", Asked("ratio", ">=", 3), remark)


def _say_idle(bench: Bench, name: str, server: Daemon) -> None:
    before = memory_kib(server.pid)
    with held(bench, idle(_CONNECTED), server.ports["z3950"]):
        kib = (memory_kib(server.pid) - before) / _CONNECTED
    asked = Asked("idle", "<=", 30) if name == OURS else None
    bench.figure(f"{name}: idle session", max(0.0, kib), "KiB", asked)


def _measure_idle_ones(bench: Bench, server: Daemon, queries: Queries) -> None:
    """Measure whether sessions that say nothing make those wait that search."""
    makers = (queries.isbn, queries.rare, queries.common, queries.both, queries.phrase, queries.scans)
    mixed = chain.from_iterable(zip_longest(*(make() for make in makers)))
    active = script(_ACTIVE, [frame for frame in mixed if frame is not None])
    alone, beside = "Bibliobus: mix", f"Bibliobus: mix, {_IDLE:,} others idle"
    for _ in range(bench.rounds):
        bench.measure(bench.load(alone, _ACTIVE), active, server, "z3950")
        with held(bench, idle(_IDLE), server.ports["z3950"]):
            bench.measure(bench.load(beside, _ACTIVE), active, server, "z3950")
    before, after = (min(one.latency.p99_us for one in bench.load(name, _ACTIVE).rounds) for name in (alone, beside))
    remark = f"{before / 1e3:.2f} and {after / 1e3:.2f} ms"
    bench.figure(f"p99 beside {_IDLE:,} idle sessions", after / before, "times", Asked("p99", "<", 1.2), remark)


# --- how it grows, and how it is made anew ----------------------------------------------------------------------------------

_SMALL: Final = 100_000
_GROWING: Final[Sequence[Callable[[Queries], Iterator[Frame]]]] = (Queries.rare, Queries.common, Queries.both)


def measure_growth(bench: Bench) -> None:
    """Measure the same searches in a catalogue of 100,000 records and in that of this run."""
    if bench.records <= _SMALL:
        bench.console.print("How searches grow with the catalogue is measured with --records=1000000.")
        return
    micros: dict[str, list[float]] = {}
    small = replace(
        bench, folder=bench.folder / "small", records=_SMALL
    )  # its loads and figures go into the same lists
    small.folder.mkdir()
    for each in (small, bench):
        with catalogue(each) as (store, facts), daemon(store.configuration) as server:
            queries = Queries(facts)
            for _ in range(bench.rounds):
                for make in _GROWING:
                    frames = list(make(queries))
                    load = bench.load(f"{frames[0].step}, {each.records:,} records", _ACTIVE)
                    bench.measure(load, script(_ACTIVE, frames), server, "z3950")
            for make in _GROWING:
                step = next(make(queries)).step
                micros.setdefault(step, []).append(_least(bench, f"{step}, {each.records:,} records", _ACTIVE))
    for step, (few, many) in micros.items():
        remark = f"{few:.0f} and {many:.0f} microseconds of CPU"
        name = f"{step}: cost with {bench.records:,} records to {_SMALL:,}"
        bench.figure(name, many / few, "times", Asked("cost", "<=", 3), remark)


def measure_index(bench: Bench) -> None:
    """Measure how long it takes to make the whole index anew, as after a release that reads records otherwise."""
    with catalogue(bench) as (store, facts):
        asked = Asked("index", "<=", 30) if facts.records <= _SMALL else None
        what = f"index of {facts.records:,} records"
        for _ in range(bench.rounds):
            engine = store.location.engine()
            with engine.begin() as connection:
                before = connection.execute(
                    update(catalogue_version).values(layout=0).returning(catalogue_version.c.version)
                )
                version = before.scalar_one()
            ended = run("db", "upgrade", f"--config={store.configuration}")
            with engine.begin() as connection:
                if (
                    connection.scalar(catalogue_version.select().with_only_columns(catalogue_version.c.version))
                    == version
                ):
                    raise WrongReplies(f"nothing was indexed:\n{ended.output}")
            engine.dispose()
            bench.figure(what, ended.seconds, "s", asked, f"{ended.processor_seconds:.1f} s of processor")
            bench.figure(f"{what}: memory", ended.peak_kib / 1024, "MiB")


SCENARIOS: Final[dict[str, Callable[[Bench], None]]] = {
    "zebra": measure_zebra,
    "growth": measure_growth,
    "index": measure_index,
}
