from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from twisted.internet.threads import deferToThread

from server.control import Refused
from server.writing import OPERATIONS, Direct, looking, writing
from storage import database, schema
from storage.circulation.patrons.export import export
from storage.database import Location
from tests.reactor import await_
from tests.server.test_daemon import configured, running

NEW_DEVICE = """
[[devices]]
login = "kiosk-new"
library = "AVION"
password = "s3cret"
"""
RECORD = (
    "C1",
    "unimarc",
    "00100nam0 2200061   450 001000300000100000900003200001000012\x1eC1\x1e  \x1fa2026\x1e1 \x1faNana\x1e\x1d",
)


@pytest.fixture(params=["direct", "daemon"])
def writer(request: pytest.FixtureRequest, any_location: Location) -> Iterator[Any]:
    """Run operations as a command does: on the store itself, or through the daemon that has it."""

    def run(operation: str, **arguments: Any) -> Any:
        def working() -> Any:
            with writing(any_location) as found:
                return found.live, found.run(operation, **arguments)

        live, result = await_(deferToThread(working))
        # PostgreSQL takes any number of writers.
        assert live == (request.param == "daemon" and not any_location.url)
        return result

    if request.param == "direct":
        yield run
        return
    with running(configured(any_location)) as daemon:
        run.daemon = daemon  # type: ignore[attr-defined]  # for tests that look at it
        yield run


def devices(location: Location) -> list[str]:
    with location.engine(reads=True).connect() as connection:
        return list(connection.execute(select(schema.device.c.code)).scalars())


def test_loading_is_the_same_on_the_store_and_through_the_daemon(writer: Any, any_location: Location) -> None:
    assert writer("load", text=NEW_DEVICE, dry_run=True) == {"devices": {"added": 1, "changed": 0, "unchanged": 0}}
    assert "kiosk-new" not in devices(any_location)
    assert writer("load", text=NEW_DEVICE, dry_run=False) == {"devices": {"added": 1, "changed": 0, "unchanged": 0}}
    assert "kiosk-new" in devices(any_location)
    assert writer("load", text=NEW_DEVICE, dry_run=False) == {"devices": {"added": 0, "changed": 0, "unchanged": 1}}


def test_what_is_refused_comes_with_every_problem(writer: Any, any_location: Location) -> None:
    text = NEW_DEVICE.replace("AVION", "LYON") + "[[libraries]]\ncode = 3\n"
    with pytest.raises(Refused) as refused:
        writer("load", text=text, dry_run=False)
    assert refused.value.code == "declaration"
    assert {problem["path"] for problem in refused.value.details} >= {"devices[0].library", "libraries[0].code"}
    assert "kiosk-new" not in devices(any_location)


def test_acts_of_the_store_are_done_the_same_way(writer: Any, any_location: Location) -> None:
    arguments = {"library": "lens", "card": "R1", "kind": "manual", "acts": ["hold"]}
    assert writer("patron.block", **arguments) == {"refused": []}
    assert writer("patron.block", **{**arguments, "card": "R99"}) == {"refused": ["unknown-patron"]}
    with pytest.raises(Refused, match="NOWHERE"):
        writer("patron.block", **{**arguments, "library": "NOWHERE"})
    told = looking(any_location).ask(lambda network: export(network, "R1", 1, 0))
    assert isinstance(told, dict)
    assert [block["acts"] for block in told["blocks"]] == ["hold"]


def test_records_are_imported_the_same_way(writer: Any, any_location: Location) -> None:
    item = ["AVION", "AVION", "Adulte", "B900001", "R ZOL", "", "", ""]
    batch = [[*RECORD, "Nana", "Zola", "am", [item]]]
    arguments = {"library": "AVION", "databases": ["avion"], "records": batch, "now": 1_795_345_200}
    assert writer("import", **arguments, dry_run=True)["items_added"] == 1
    report = writer("import", **arguments)
    assert (report["added"], report["items_added"]) == (1, 1)
    assert writer("import", **arguments)["unchanged"] == 1
    with any_location.engine(reads=True).connect() as connection:
        assert connection.execute(select(func.count()).select_from(schema.record)).scalar_one() == 1
    with pytest.raises(Refused) as refused:
        writer("import", **arguments | {"library": "LYON"})
    assert refused.value.code == "unknown-library"


def test_a_daemon_knows_at_once_what_was_loaded_through_it(location: Location) -> None:
    with running(configured(location)) as daemon:
        assert "kiosk-new" not in daemon.store.network.devices

        def working() -> None:
            with writing(location) as found:
                found.run("load", text=NEW_DEVICE, dry_run=False)

        await_(deferToThread(working))
        assert "kiosk-new" in daemon.store.network.devices


def test_a_daemon_serves_a_database_that_an_import_makes(location: Location) -> None:
    batch = [[*RECORD, "Nana", "Zola", "am", []]]
    with running(configured(location)) as daemon:
        networks = []
        for database_name in ("network", "Avion", "avion"):

            def working(name: str = database_name) -> None:
                with writing(location) as found:
                    found.run("import", library="AVION", databases=[name], records=batch, now=1_795_345_200)

            await_(deferToThread(working))
            networks.append(daemon.store.network)
        assert [set(network.databases) for network in networks] == [
            {"network"},
            {"network", "avion"},
            {"network", "avion"},
        ]
        # It is read again when there is something new, and not for every batch.
        assert [network.revision for network in networks] == [0, 1, 1]


def test_a_daemon_on_postgresql_hears_what_was_loaded_beside_it(postgresql_location: Location) -> None:
    with running(configured(postgresql_location)) as daemon:

        def working() -> None:
            with writing(postgresql_location) as found:
                found.run("load", text=NEW_DEVICE, dry_run=False)

        await_(deferToThread(working))
        while "kiosk-new" not in daemon.store.network.devices:
            await_(deferToThread(lambda: None))


def test_an_operation_that_a_daemon_does_not_know_is_refused(location: Location) -> None:
    with running(configured(location)):

        def working() -> None:
            with writing(location) as found:
                found.run("dance")

        with pytest.raises(Refused, match="dance"):
            await_(deferToThread(working))


def test_another_command_at_work_is_told(location: Location) -> None:
    with location.write_lock(), pytest.raises(database.StoreBusy), writing(location):
        raise AssertionError


def test_a_store_that_is_not_there_is_made(tmp_path: Path) -> None:
    location = Location(tmp_path / "new")
    with writing(location) as found:
        found.run("load", text='[network]\nname = "New"\n', dry_run=False)
    database.check(location.engine())


def test_a_stopping_daemon_writes_nothing_more(location: Location) -> None:
    with running(configured(location)) as daemon:
        assert daemon._shared is not None
        daemon._shared.closing = True

        def working() -> None:
            with writing(location) as found:
                found.run("load", text=NEW_DEVICE, dry_run=False)

        with pytest.raises(Refused) as refused:
            await_(deferToThread(working))
        assert refused.value.code == "unavailable"
    assert "kiosk-new" not in devices(location)


def test_passwords_are_hashed_before_the_write_turn(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    writes: list[int] = []

    class Hasher:
        def hash(self, password: str) -> str:
            hashed.append(password)
            return "hashed"

    class Watched(Direct):
        def write(self, function: Any, *args: Any) -> Any:
            writes.append(len(hashed))
            return super().write(function, *args)

    monkeypatch.setattr("server.writing.HASHER", Hasher())
    OPERATIONS["load"](Watched(location), text=NEW_DEVICE, dry_run=False)
    assert hashed == ["s3cret"]
    assert writes == [1]
