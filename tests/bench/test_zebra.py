"""Zebra, set up for the comparison: what it indexes is what we index, and it finds as many records."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench import comparison, load, machine, zebra
from bench.corpus import write
from bench.z3950 import Queries
from storage.catalogue.access_points import by_use
from tests.system.peers import needs

RECORDS = 2_000


def test_what_is_indexed_follows_from_our_own_access_points() -> None:
    rules = dict(rule.removeprefix("melm ").split(" ") for rule in zebra.rules())
    assert set(rules["200$a"].split(",")) == {"Title:w", "Title:p", "Any:w", "Title:s"}
    assert rules["100$a"] == "Date-of-publication:w:range(data,9,4),Any:w:range(data,9,4)"
    assert "Author:w" in rules["700$a"].split(",")
    assert "ISBN:w" in rules["010$a"].split(",")
    assert set(zebra.USES.values()) <= by_use.keys()
    assert {element[:3] for element in rules} <= zebra.TAGS


def test_short_times_of_processes_are_counted() -> None:
    spend = (
        "import time\nwhile time.process_time() % 0.01 < 0.008: pass\nprint(time.process_time(), flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", spend], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        spent = float(process.stdout.readline())  # nearly a tick more than the ticks that the kernel has counted
        assert machine.processor_seconds([process.pid]) >= spent - 0.0005
        process.communicate(b"\n")


@needs(zebra.INDEXER)
@needs(zebra.SERVER)
def test_zebra_finds_what_the_corpus_holds(tmp_path: Path) -> None:
    facts = write(tmp_path / "corpus.mrc", RECORDS, ("LENS", "AVION"))
    queries, generator = Queries(facts), load.compiled(tmp_path) or load.interpreted()
    zebra.index(tmp_path, tmp_path / "corpus.mrc")
    with zebra.server(tmp_path) as server:
        for kind in comparison.KINDS:
            result = load.play(generator, kind.script(queries, 1), tmp_path, server.ports["z3950"])
            assert (kind.name, result.kinds) == (kind.name, {})
            assert result.all.count > 0
