"""How checks are made, for the kits of all wires."""

from __future__ import annotations

import pytest

from conformance.checks import Bench, Checks, want
from conformance.results import Level, NotApplicable, Outcome

check = Checks[Bench]()


class Kept(Bench):
    """A bench that knows how often it was cleared."""

    cleared = 0

    def clear(self) -> None:
        self.cleared += 1

    def shown(self) -> str:
        return self.trace[-1]


@check("right", Level.MUST, "text", "source")
def _right(bench: Bench) -> None:
    bench.trace.append("seen")


@check("wrong", Level.SHOULD, "text", "source")
def _wrong(bench: Bench) -> None:
    bench.trace.extend("abcdef")
    want([], "nothing is there")


@check("broken", Level.MUST, "text", "source")
def _broken(_bench: Bench) -> None:
    raise IndexError("3")


@check("left out", Level.MAY, "text", "source")
def _left_out(_bench: Bench) -> None:
    raise NotApplicable("it is not offered")


def test_each_check_is_made_and_cleared_up_after_whatever_it_finds() -> None:
    bench = Kept()
    found = {each.name: (each.outcome, each.detail) for each in check.run(bench)}
    assert found == {
        "right": (Outcome.PASSED, "seen"),
        "wrong": (Outcome.FAILED, "nothing is there [c] [d] [e] [f]"),
        "broken": (Outcome.FAILED, "the answer cannot be understood: IndexError: 3"),
        "left out": (Outcome.NOT_APPLICABLE, "it is not offered"),
    }
    assert list(found) == [row.name for row in check]
    assert bench.cleared == len(check)


@pytest.mark.parametrize(("only", "names"), [("ri", ["right"]), ("t", ["right", "left out"]), ("x", [])])
def test_checks_are_chosen_by_a_part_of_their_names(only: str, names: list[str]) -> None:
    assert [each.name for each in check.run(Kept(), only)] == names
