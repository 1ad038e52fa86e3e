"""Holds and pull lists from the command line, without a daemon."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from server.cli.common import Exit
from server.cli.main import main
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.database import Location
from storage.usecase import Origin
from tests.network import LENS

Run = Callable[..., Result]


@pytest.fixture
def run(location: Location) -> Run:
    with location.engine().begin() as connection:
        connection.execute(
            text(
                "INSERT INTO record (id, format, iso2709, source, control, title, created_at, modified_at)"
                " VALUES (100, 'unimarc', x'', 'LENS', '100', 'Germinal', 0, 0)"
            )
        )
        connection.execute(text("UPDATE item SET record_id=100 WHERE id IN (1, 2)"))

    def run(*arguments: object, expect: Exit = Exit.DONE, library: str = "LENS") -> Result:
        given = [*map(str, arguments), "--library", library, "--data", str(location.directory)]
        result = CliRunner().invoke(main, given)
        assert result.exit_code == expect, result.output
        return result

    return run


def asked(run: Run, *arguments: object, **more: Any) -> Any:
    return json.loads(run(*arguments, "--json", **more).output)


def take_in(location: Location, barcode: str) -> None:
    from server.writing import Direct

    Direct(location).act(CHECKIN, CheckinRequest(barcode, Origin("cli", "staff", LENS)))


def test_a_hold_from_its_placement_to_its_end(run: Run, location: Location) -> None:
    placed = asked(run, "hold", "place", "R1", "--record", 100, "--pickup", "lens", "--need-by", "2030-01-31")
    hold = placed["hold"]
    assert (placed["title"], placed["rank"], placed["remarks"]) == ("Germinal", 1, ["available-here"])
    second = asked(run, "hold", "place", "R2", "--barcode", "I1", "--pickup", "LENS")["hold"]
    assert "Rank: 1." in run("hold", "first", second).output
    run("hold", "suspend", second, "--until", "2030-01-01")
    run("hold", "resume", second)
    assert "To be fetched at Avion." in run("hold", "move", second, "--pickup", "AVION").output.replace(
        "AVION", "Avion"
    )
    assert [line["hold"] for line in asked(run, "hold", "queue", 100)] == [second, hold]
    assert [(one["hold"], one["rank"], one["until"]) for one in asked(run, "hold", "list", "R1")] == [
        (hold, 2, "2030-01-31")
    ]
    run("hold", "cancel", second)
    take_in(location, "I1")
    run("hold", "slot", hold, "A3")
    run("hold", "extend", hold)
    assert [(one["slot"], one["barcode"]) for one in asked(run, "hold", "shelf")] == [("A3", "I1")]
    assert "A3" in run("hold", "shelf").output
    assert asked(run, "hold", "cancel", hold)["state"] == "cancelled"
    assert [(one["barcode"], one["status"]) for one in asked(run, "hold", "clear")] == [("I1", "available")]
    assert run("hold", "list", "R1").output == "Nothing.\n"


def test_refusals_have_codes_and_sentences_and_change_nothing(run: Run) -> None:
    told = asked(run, "hold", "place", "R1", "--record", 999, expect=Exit.REFUSED)
    assert told == {"refused": ["unknown-title"], "sentences": ["Title unknown to the network."]}
    assert "Unknown hold." in run("hold", "cancel", 5, expect=Exit.REFUSED).stderr
    assert "Unknown card." in run("hold", "list", "nobody", expect=Exit.REFUSED).stderr
    run("pull-list", "miss", "I1", expect=Exit.REFUSED)
    run("hold", "place", "R1", "--record", 100, expect=Exit.REFUSED, library="NOWHERE")
    run("hold", "place", "R1", expect=Exit.USAGE)
    assert asked(run, "hold", "queue", 100) == []


def test_a_pull_list_is_shown_without_readers_and_misses_are_noted(run: Run, location: Location) -> None:
    run("hold", "place", "R1", "--record", 100, "--pickup", "AVION")
    done = CliRunner().invoke(main, ["job", "run", "target-holds", "--data", str(location.directory)])
    assert done.exit_code == Exit.DONE
    (line,) = asked(run, "pull-list", "show")
    assert (line["barcode"], line["call_number"], line["pickup"]) == ("I1", "R ZOL", "AVION")
    assert set(line) == {"barcode", "location", "call_number", "title", "author", "pickup", "hold"}
    assert "Durand" not in run("pull-list", "show").output
    assert "Noted." in run("pull-list", "miss", "I1").output
    assert asked(run, "pull-list", "show") == []


def test_a_library_that_is_none_is_refused_like_anything_else(run: Run) -> None:
    told = asked(run, "hold", "place", "R1", "--record", 100, library="NOWHERE", expect=Exit.REFUSED)
    assert told == {"refused": ["unknown-library"], "sentences": ["The network has no library NOWHERE."]}
    assert len(run("hold", "list", "R1", library="X" * 9999, expect=Exit.REFUSED).output) < 200


def test_what_is_not_text_is_wrong_usage(run: Run) -> None:
    assert "UTF-8" in run("hold", "list", "\udce9", expect=Exit.USAGE).output
    assert asked(run, "hold", "list", "R1", library="\udce9", expect=Exit.REFUSED)["refused"] == ["unknown-library"]
    assert "UTF-8" in run("hold", "place", "\udce9", "--record", 100, expect=Exit.USAGE).output
