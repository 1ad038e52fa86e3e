"""What was measured, beside what was asked."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.load import Latency, Result
from bench.machine import Disk, Usage

_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Asked:
    """A figure that was asked for: the name of the measured one, how they compare, and the value."""

    figure: str
    compare: str
    value: float

    def met_by(self, measured: float) -> bool:
        return _COMPARE[self.compare](measured, self.value)


@dataclass(frozen=True)
class Round:
    """One run of one load."""

    rate: float
    cpu_us: float
    database_us: float
    latency: Latency
    steps: dict[str, Latency]
    neighbours: float
    generator: float
    ready_seconds: float

    @classmethod
    def of(cls, result: Result, start: Usage, stop: Usage) -> Round:
        count, seconds = result.all.count, stop.at - start.at
        server, database = stop.server - start.server, stop.database - start.database
        others = (stop.machine - start.machine) - server - database - result.generator_cpu_seconds
        return cls(
            rate=result.rate,
            cpu_us=server / count * 1e6,
            database_us=database / count * 1e6,
            latency=result.all,
            steps=result.steps,
            neighbours=max(0.0, others / seconds),
            generator=result.generator_cpu_seconds / result.seconds,
            ready_seconds=result.ready_seconds,
        )


@dataclass
class Load:
    """A load, measured in rounds."""

    name: str
    connections: int
    asked: Sequence[Asked] = ()
    rounds: list[Round] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return the best of each figure over the rounds, and the median rate."""
        best = {
            "rate": max(one.rate for one in self.rounds),
            "median_rate": median(one.rate for one in self.rounds),
            "cpu_us": min(one.cpu_us for one in self.rounds),
            "database_us": min(one.database_us for one in self.rounds),
            "p50_ms": min(one.latency.p50_us for one in self.rounds) / 1e3,
            "p99_ms": min(one.latency.p99_us for one in self.rounds) / 1e3,
            "p999_ms": min(one.latency.p999_us for one in self.rounds) / 1e3,
            "neighbours": max(one.neighbours for one in self.rounds),
            "generator": max(one.generator for one in self.rounds),
        }
        for step in self.rounds[0].steps:
            best[f"p50_ms of {step}"] = min(one.steps[step].p50_us for one in self.rounds) / 1e3
            best[f"p95_ms of {step}"] = min(one.steps[step].p95_us for one in self.rounds) / 1e3
        return best


@dataclass(frozen=True)
class Figure:
    """Something that is measured by other means than a load."""

    name: str
    value: float
    unit: str
    asked: Asked | None = None
    remark: str = ""


def show(console: Console, machine: str, disk: Disk, loads: Sequence[Load], figures: Sequence[Figure]) -> None:
    """Print the tables."""
    console.print(
        f"{machine}; {disk.kind}, {disk.per_second:,.0f} synced writes a second (p50 {disk.p50_us:.0f} µs, p99 {disk.p99_us:.0f} µs)"
    )
    if loads:
        console.print(_load_table(loads))
    if figures:
        console.print(_figure_table(figures))


def _load_table(loads: Sequence[Load]) -> Table:
    table = Table("load", title="Closed loop: best of the rounds (median rate in brackets)")
    for heading in ("clients", "messages/s", "CPU µs", "db µs", "p50 ms", "p99 ms", "p999 ms", "generator", "others"):
        table.add_column(heading, justify="right")
    table.add_column("asked")
    for load in loads:
        f = load.figures()
        table.add_row(
            load.name,
            str(load.connections),
            f"{f['rate']:,.0f} ({f['median_rate']:,.0f})",
            f"{f['cpu_us']:.0f}",
            f"{f['database_us']:.0f}" if f["database_us"] else "",
            *(f"{f[name]:.2f}" for name in ("p50_ms", "p99_ms", "p999_ms")),
            f"{f['generator']:.0%}",
            f"{f['neighbours']:.0%}",
            "\n".join(_judged(asked, f[asked.figure]) for asked in load.asked),
        )
    return table


def _judged(asked: Asked, measured: float) -> str:
    mark = "[green]met[/]" if asked.met_by(measured) else "[red]missed[/]"
    if asked.figure == "rate":
        return f"{asked.compare} {asked.value:,.0f}/s {mark}"
    if asked.figure == "cpu_us":
        return f"CPU {asked.compare} {asked.value:,.0f} µs: {measured:,.0f} {mark}"
    name = asked.figure.replace("_ms", "")
    return f"{name} {asked.compare} {asked.value:g} ms: {measured:.2f} {mark}"


def _figure_table(figures: Sequence[Figure]) -> Table:
    table = Table("figure", "measured", "asked", "remark")
    for figure in figures:
        judged = ""
        if figure.asked is not None:
            mark = "[green]met[/]" if figure.asked.met_by(figure.value) else "[red]missed[/]"
            judged = f"{figure.asked.compare} {figure.asked.value:g} {figure.unit} {mark}"
        table.add_row(figure.name, f"{figure.value:,.2f} {figure.unit}", judged, figure.remark)
    return table


def write_json(path: Path, machine: str, disk: Disk, loads: Iterable[Load], figures: Iterable[Figure]) -> None:
    """Write everything, the rounds one by one too."""
    found: dict[str, Any] = {
        "machine": machine,
        "disk": asdict(disk),
        "loads": [{**asdict(load), "best": load.figures()} for load in loads],
        "figures": [asdict(figure) for figure in figures],
    }
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
