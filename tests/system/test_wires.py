"""One store behind three wires: what one of them does, the others know at once."""

from __future__ import annotations

from protocols.z3950 import oids
from storage.circulation.status import LABELS, Status
from storage.database import Location
from tests.server.ncip import partner
from tests.server.sip2 import kiosk
from tests.server.z3950.origin import fill_catalogue, present, search, texts
from tests.system.running import Cataloguer, Kiosk, bibliobus, ncip, page, reading, serving, write_reading_config


def test_a_book_lent_over_sip2_is_on_loan_everywhere_at_once_and_all_refuse_it_alike(any_location: Location) -> None:
    with any_location.engine().begin() as connection:
        fill_catalogue(connection)
    on_loan, available = LABELS[Status.ON_LOAN][0], LABELS[Status.AVAILABLE][0]
    with serving(any_location) as daemon, Kiosk(daemon) as desk, Cataloguer(daemon) as cataloguer:

        def shown() -> str:
            response = cataloguer.ask(search("@attr 1=4 germinal"))
            assert response.result_count == 1
            (record,) = texts(cataloguer.ask(present(1, 1, oids.SUTRS)))
            return record

        def status() -> str | None:
            asked = partner.lookup_item("I1", partner.wants("Item", "Circulation Status"))
            return ncip(daemon, asked).one("CirculationStatus")

        assert desk.ask(kiosk.item(b"I1"))[2:4] == b"03"
        assert status() == "Available On Shelf"
        assert shown().count(available) == 2

        assert desk.ask(kiosk.checkout(b"R1", b"I1")).startswith(b"121")
        assert desk.ask(kiosk.item(b"I1"))[2:4] == b"04"
        assert status() == "On Loan"
        assert (shown().count(on_loan), shown().count(available)) == (1, 1)

        refused = desk.ask(kiosk.checkout(b"R2", b"I1"))
        assert refused.startswith(b"120")
        told = ncip(daemon, partner.check_out("R2", "I1"))
        assert told.problems[0][1] == "ItemIdentifierValue"
        reason = 'bibliobus_refusals_total{protocol="%s",reason="on-loan-to-other"} 1.0'
        figures = page(daemon, "/metrics")[1]
        assert reason % "sip2" in figures
        assert reason % "ncip" in figures

        assert ncip(daemon, partner.check_in("I1")).problems == []
        assert desk.ask(kiosk.item(b"I1"))[2:4] == b"03"
        assert shown().count(available) == 2
        assert page(daemon, "/readyz") == (200, "ready\n")


def test_a_second_process_serves_cataloguers_from_the_file_that_the_first_writes(location: Location) -> None:
    with location.engine().begin() as connection:
        fill_catalogue(connection)
    on_loan = LABELS[Status.ON_LOAN][0]
    with serving(location) as daemon, Kiosk(daemon) as desk, reading(location) as reader:
        assert set(reader.ports) == {"z3950", "web"}
        with Cataloguer(reader) as cataloguer:
            assert cataloguer.ask(search("@attr 1=4 germinal")).result_count == 1
            assert on_loan not in texts(cataloguer.ask(present(1, 1, oids.SUTRS)))[0]
            assert desk.ask(kiosk.checkout(b"R1", b"I1")).startswith(b"121")
            assert on_loan in texts(cataloguer.ask(present(1, 1, oids.SUTRS)))[0]
        assert page(reader, "/readyz") == (200, "ready\n")
        assert page(reader, "/ncip")[0] == 404
        assert reader.end() == 0
        assert desk.ask(kiosk.checkin(b"I1")).startswith(b"101")


def test_a_reading_process_says_what_it_needs(location: Location, postgresql_location: Location) -> None:
    (location.directory / "bibliobus.sqlite").unlink()
    for store, complaint in [(location, "start the daemon that writes it first"), (postgresql_location, "read_only")]:
        refused = bibliobus("serve", "-c", write_reading_config(store))
        assert refused.returncode != 0
        assert complaint in refused.stderr
