"""The department as a process: it lends to a real daemon while everything goes wrong, and all ends well."""

from __future__ import annotations

from pathlib import Path

from tests.system.chaos import CALM, Chaos
from tests.system.towns import eventually


def test_whatever_goes_wrong_nothing_is_lost_left_behind_or_done_twice(
    small_network_template: Path, tmp_path: Path
) -> None:
    chaos = Chaos(tmp_path, small_network_template, 7)
    try:
        chaos.rage(15)
        chaos.settle()
    finally:
        chaos.end()
    assert chaos.faults() == []


def test_conditions_are_told_agreed_to_and_met(small_network_template: Path, tmp_path: Path) -> None:
    chaos = Chaos(tmp_path, small_network_template, 1)
    chaos.asks = []
    chaos.there.scenario(CALM.format(asks="[]") + '[[steps]]\nservice = "RequestItem"\naction = "conditions"\n')
    try:
        chaos.here.start()
        chaos.there.start()
        number = chaos.here.ask("3")
        eventually(lambda: chaos.here.request(number)["state"] == "conditional", chaos.here.waiting)
        assert chaos.here.note("agreed", "FR-HERE", number) is None
        eventually(lambda: chaos.here.request(number)["state"] == "shipped", chaos.here.waiting)
        chaos.settle()
    finally:
        chaos.end()
    assert chaos.faults() == []
