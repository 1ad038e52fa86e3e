"""Result sets that an account keeps, on the real daemon: after a restart, and at another daemon of the same database."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from protocols.z3950 import tasks
from protocols.z3950.elements import IdAuthentication
from storage.database import Location
from tests.server.z3950.origin import fill_catalogue, present, refused, search, texts
from tests.server.z3950.test_index import by_use, sort
from tests.server.z3950.test_tasks import kept, told
from tests.server.z3950.test_update import declare_cataloguers
from tests.system.running import Cataloguer, Daemon, serving


def cataloguer(daemon: Daemon, name: str = "marie") -> Cataloguer:
    return Cataloguer(daemon, id_authentication=IdAuthentication(open=f"{name}/demo"))


def years(origin: Cataloguer, name: str) -> list[str]:
    """Return the years of the three records of a set, in their order."""
    found: list[Any] = [
        re.search("\x1fd(1[0-9]{3})", text) for text in texts(origin.ask(present(1, 3, result_set_id=name)))
    ]
    return [each[1] for each in found]


def test_a_set_is_found_again_after_a_restart_and_at_another_daemon_by_its_account_alone(
    any_location: Location, tmp_path: Path
) -> None:
    with any_location.engine().begin() as connection:
        fill_catalogue(connection)
        declare_cataloguers(connection)
    elsewhere = shutil.copytree(any_location.directory, tmp_path / "elsewhere")
    with serving(any_location) as daemon, cataloguer(daemon) as marie:
        assert marie.ask(search("zola")).result_count == 3
        marie.ask(sort(by_use(31, descending=True)))
        _, what = told(marie.ask(kept("default")), tasks.PersistentResultSet)
        name = what.target_part.target_supplied_result_set
        if any_location.url:
            with serving(Location(elsewhere, any_location.url)) as other, cataloguer(other) as again:
                assert years(again, name) == ["1887", "1886", "1885"]
    with serving(any_location) as daemon, cataloguer(daemon) as marie, cataloguer(daemon, "paul") as paul:
        assert years(marie, name) == ["1887", "1886", "1885"]
        assert refused(paul.ask(present(1, 3, result_set_id=name))) == (30, name)
