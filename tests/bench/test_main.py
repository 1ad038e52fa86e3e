"""The benchmark runs, verifies what it is answered, and says what it found. Nothing is said of how fast."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.report import Asked
from tests.docs.page import ROOT


def test_a_small_run_measures_the_real_daemon(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    only = ("start", "ncip", "import")
    command = [sys.executable, "-m", "bench", *(f"--only={name}" for name in only)]
    sizes = ["--rounds=1", "--seconds=0.1", "--size=400", "--records=200", f"--json={found}"]
    done = subprocess.run([*command, *sizes], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "start of the daemon" in done.stdout
    measured = json.loads(found.read_text())
    loads = measured["loads"]
    assert [(load["connections"], len(load["rounds"])) for load in loads] == [(4, 1), (4, 1), (16, 1), (16, 1)]
    said = {step for load in loads for step in load["rounds"][0]["steps"]}
    assert said == {"LookupUser", "LookupItem", "AcceptItem", "CheckOutItem", "CheckInItem"}
    assert all(load["asked"] for load in loads)
    assert len(measured["figures"]) == 5


@pytest.mark.parametrize(
    ("asked", "measured", "met"),
    [
        (Asked("rate", ">=", 8_000), 8_000, True),
        (Asked("rate", ">=", 8_000), 7_999, False),
        (Asked("p99_ms", "<", 20), 20, False),
        (Asked("start", "<=", 2), 2, True),
    ],
)
def test_a_figure_is_judged_as_it_was_asked(asked: Asked, measured: float, met: bool) -> None:
    assert asked.met_by(measured) is met
