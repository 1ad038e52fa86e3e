"""What the demo network promises: scripts, benchmarks and docs rely on it from one release to the next."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from stdnum import ean, isbn, issn

from protocols.marc.format import Format
from protocols.marc.record import Record
from server.demo import STAGES, create_demo, is_empty, marc_file, network_tables
from server.demo.catalogue import SEED, Cataloguer
from server.demo.dice import Dice
from server.demo.stock import (
    READERS,
    SIZES,
    UNTOUCHED,
    Fate,
    Habit,
    barcode,
    card,
    conditions,
    copies,
    fate,
    habit,
    readers,
)
from server.passwords import HASHER
from storage import database, schema
from storage.catalogue.access_points import ISBN, TITLE
from storage.catalogue.hits import Hits
from storage.catalogue.query import Kind, Term
from storage.catalogue.records import fetch
from storage.catalogue.search import search
from storage.circulation.accounts import ItemAccount, PatronAccount, item_information, patron_information
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.pins import PinState
from storage.circulation.status import Status
from storage.database import Location
from storage.drivers.snapshot import run_steps
from storage.intake.holdings import PROFILES
from storage.intake.marc_import import Task, import_batch, new_records
from storage.intake.marc_read import MarcFile, SourceRecord
from storage.network.declare import Passwords, apply_declaration, declaration_of
from storage.network.holidays import easter, holidays
from storage.network.network import load_network
from storage.usecase import Origin
from tests.postgresql import Server

COMMUNES = """Ablain-Saint-Nazaire, Acheville, Aix-Noulette, Angres, Annay, Avion, Bénifontaine, Billy-Montigny,
Bouvigny-Boyeffles, Bully-les-Mines, Carency, Éleu-dit-Leauwette, Estevelles, Fouquières-lès-Lens, Givenchy-en-Gohelle,
Gouy-Servins, Grenay, Harnes, Hulluch, Lens, Liévin, Loison-sous-Lens, Loos-en-Gohelle, Mazingarbe, Méricourt, Meurchin,
Noyelles-sous-Lens, Pont-à-Vendin, Sains-en-Gohelle, Sallaumines, Servins, Souchez, Vendin-le-Vieil, Villers-au-Bois, Vimy,
Wingles"""
CODES = """ABLAIN ACHEVILLE AIXNOULETTE ANGRES ANNAY AVION BENIFONTAINE BILLY BOUVIGNY BULLY CARENCY ELEU ESTEVELLES
FOUQUIERES GIVENCHY GOUY GRENAY HARNES HULLUCH LENS LENS2 LENS3 LIEVIN LIEVIN2 LOISON LOOS MAZINGARBE MERICOURT MEURCHIN
NOYELLES PONTAVENDIN SAINS SALLAUMINES SERVINS SOUCHEZ VENDIN VILLERS VIMY WINGLES"""


class Demo:
    """The demo network on SQLite."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self.engine = location.engine()
        assert location.sqlite_path is not None
        self.raw = sqlite3.connect(location.sqlite_path)
        with self.engine.connect() as connection:
            self.network = load_network(connection, location.pins())
        self.lens = self.network.by_code["LENS"].id

    def item(self, number: int) -> ItemAccount:
        return run_steps(self.raw, item_information(self.network, barcode(number), self.lens, int(time.time())))

    def patron(self, number: int, pin: str = "1234") -> PatronAccount:
        steps = patron_information(self.network, card(number), self.lens, "sip2", pin, int(time.time()))
        return run_steps(self.raw, steps)

    def find(self, term: Term, name: str) -> list[int]:
        number = self.network.databases[name].id
        return list(run_steps(self.raw, search(Hits(), term, (number,), lambda _name: None)))

    def count(self, table: Any) -> int:
        with self.engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    location = Location(tmp_path_factory.mktemp("demo"))
    told: list[tuple[str, int, int]] = []
    create_demo(location, lambda *progress: told.append(progress))
    assert tuple(dict.fromkeys(stage for stage, _, _ in told)) == STAGES
    assert all(0 < done <= total for _, done, total in told)
    assert all((stage, total, total) in told for stage, _, total in told)
    made = Demo(location)
    yield made
    made.raw.close()


# --- what is promised ----------------------------------------------------------------------------------------------------


def test_the_36_communes_of_the_agglomeration_have_a_library_each(demo: Demo) -> None:
    with demo.engine.connect() as connection:
        communes = {row.code: row for row in connection.execute(select(schema.commune))}
        memberships = connection.execute(select(schema.membership)).all()
    assert {row.name for row in communes.values()} == {name.strip() for name in COMMUNES.split(",")}
    assert len(communes) == len(memberships) == 36
    assert all(row.insee.startswith("62") for row in communes.values())
    libraries = [library for library in demo.network.libraries.values() if library.kind == "library"]
    assert {library.commune for library in libraries} == set(communes)
    counted = Counter(library.commune for library in libraries)
    assert {commune for commune, count in counted.items() if count > 1} == {"LENS", "LIEVIN"}


def test_library_codes_are_promised(demo: Demo) -> None:
    assert sorted(SIZES) == CODES.split()
    assert sorted(demo.network.by_code) == sorted([*CODES.split(), "MDPC"])
    assert demo.network.by_code["LENS"].commune == "LENS"


def test_the_departmental_library_is_an_external_partner(demo: Demo) -> None:
    partner = demo.network.partners["FR-MDPC62"]
    library = demo.network.libraries[partner.library_id]
    assert (library.code, library.kind, partner.secret_hash) == ("MDPC", "external", "")


def test_each_library_has_a_kiosk_with_the_password_demo(demo: Demo) -> None:
    assert sorted(demo.network.devices) == sorted(f"kiosk-{code.lower()}" for code in CODES.split())
    for login, device in demo.network.devices.items():
        assert device.enabled
        assert demo.network.libraries[device.library_id].code == login.removeprefix("kiosk-").upper()
    for stored in {device.password_hash for device in demo.network.devices.values()}:
        assert HASHER.verify(stored, "demo")


def test_each_library_opens_four_hours_a_week_at_least(demo: Demo) -> None:
    def hours(opens: str, closes: str) -> float:
        start, end = (int(clock[:2]) + int(clock[3:]) / 60 for clock in (opens, closes))
        return end - start

    for code in CODES.split():
        calendar = demo.network.by_code[code].calendar
        assert sum(hours(opening.opens, opening.closes) for opening in calendar.openings) >= 4
        assert not calendar.is_open(date(date.today().year + 1, 12, 25))  # noqa: DTZ011 (any year will do)


def test_databases_are_the_network_and_one_for_each_commune(demo: Demo) -> None:
    default = demo.network.default_database()
    assert default is not None
    assert default.name == "network"
    with demo.engine.connect() as connection:
        communes = set(connection.execute(select(schema.commune.c.code)).scalars())
    assert {database.name for database in demo.network.databases.values()} == {"network", *communes}


def test_the_first_item_is_germinal_on_the_shelf_at_lens(demo: Demo) -> None:
    item = demo.item(1).item
    assert item is not None
    assert (item.row.title, item.row.author, item.status) == ("Germinal", "Zola, Émile", Status.AVAILABLE)
    assert item.owner.code == item.home.code == item.current.code == "LENS"
    record_id = item.row.record_id
    assert record_id is not None
    for name in ("network", "lens"):
        assert demo.find(Term((ISBN,), Kind.WORDS, "9782253004226"), name) == [record_id]
        assert record_id in demo.find(Term((TITLE,), Kind.WORDS, "germinal"), name)
    (stored,) = run_steps(demo.raw, fetch([record_id]))
    assert stored is not None
    record = Record.from_iso2709(stored.iso2709)
    assert (record.value("010", "a"), record.value("700", "a")) == ("978-2-253-00422-6", "Zola")


def test_readers_have_their_cards_and_the_pin_1234(demo: Demo) -> None:
    for number in range(1, READERS + 1):
        account = demo.patron(number)
        assert account.reason is None
        assert account.pin is PinState.RIGHT
    assert demo.count(schema.patron) == READERS == 4_000
    assert demo.patron(1, "0000").pin is PinState.WRONG


def test_readers_up_to_999_are_free_of_everything(demo: Demo) -> None:
    for number in range(1, UNTOUCHED + 1):
        account = demo.patron(number)
        assert not account.loans
        assert not account.holds
        assert set(account.denials.values()) == {()}


def test_items_up_to_999_are_books_on_their_shelves_for_anyone(demo: Demo) -> None:
    assert demo.count(schema.item) == 12_000
    assert demo.item(12_000).item is not None
    for number in range(1, UNTOUCHED + 1):
        account = demo.item(number)
        item = account.item
        assert item is not None
        assert (item.status, item.current.id, item.type.code) == (Status.AVAILABLE, item.home.id, "book")
        assert account.waiting == 0
        request = CheckoutRequest(card(number), barcode(number), Origin("sip2", "kiosk-lens", demo.lens), "1234")
        facts = run_steps(demo.raw, CHECKOUT.gather(request, demo.network))
        answer = CHECKOUT.decide(request, facts, demo.network, int(time.time())).answer
        assert answer.ok
        assert answer.due is not None


def test_there_are_5000_titles_each_with_items(demo: Demo) -> None:
    assert demo.count(schema.record) == 5_000
    with demo.engine.connect() as connection:
        held = connection.execute(select(func.count(schema.item.c.record_id.distinct()))).scalar_one()
    assert held == 5_000


# --- the past ------------------------------------------------------------------------------------------------------------


def test_items_have_had_their_fates(demo: Demo) -> None:
    statuses = {
        Fate.SHELF: Status.AVAILABLE,
        Fate.LENT: Status.ON_LOAN,
        Fate.OVERDUE: Status.ON_LOAN,
        Fate.RETURNED: Status.AVAILABLE,
        Fate.SENT_HOME: Status.IN_TRANSIT,
        Fate.SHELVED: Status.ON_HOLD_SHELF,
        Fate.SENT_TO_READER: Status.IN_TRANSIT,
        Fate.MISSING: Status.MISSING,
        Fate.REPAIR: Status.IN_REPAIR,
        Fate.REFERENCE: Status.AVAILABLE,
    }
    today, now = date.today().isoformat(), int(time.time())  # noqa: DTZ011 (nothing is due today)
    for number in range(1, 12_001):
        item = demo.item(number).item
        assert item is not None
        expected = fate(number)
        assert item.status is statuses[expected]
        assert bool(item.row.for_loan) == (expected is not Fate.REFERENCE)
        if item.due is not None:
            assert item.due.is_past(today, now) == (expected is Fate.OVERDUE)


def test_readers_live_as_they_do(demo: Demo) -> None:
    for number in range(UNTOUCHED + 1, READERS + 1):
        account, does = demo.patron(number), habit(number)
        reasons = {reason.value for reason in account.denials["checkout"]}
        allowed: dict[Habit, set[str]] = {
            Habit.EXPIRED: {"patron-expired"},
            Habit.LOST_CARD: {"card-lost"},
            Habit.NEW_CARD: {"card-replaced"},
            Habit.BLOCKED: {"patron-blocked"},
            Habit.LATE: {"overdues"},
        }
        assert reasons <= allowed.get(does, set())
        assert reasons or does in {Habit.NONE, Habit.BORROWS, Habit.WAITS, Habit.LATE}
        assert not account.loans or does in {Habit.BORROWS, Habit.LATE}
        assert bool(account.overdue) <= (does is Habit.LATE)
        assert bool(account.holds) == (does is Habit.WAITS)


def test_the_past_is_in_the_journal_and_in_its_order(demo: Demo) -> None:
    with demo.engine.connect() as connection:
        rows = connection.execute(
            select(schema.journal.c.act, schema.journal.c.at).order_by(schema.journal.c.seq)
        ).all()
    acts = [row for row in rows if row.act != "network.declared"]
    assert Counter(row.act for row in rows) == {"checkout": 3_521, "checkin": 880, "renew": 343, "network.declared": 2}
    assert [row.at for row in acts] == sorted(row.at for row in acts)
    assert acts[-1].at < time.time()


def test_nothing_of_it_is_damaged(demo: Demo) -> None:
    assert database.faults(demo.engine) == []


# --- how it is made ------------------------------------------------------------------------------------------------------


def test_the_file_of_the_network_loads_like_any_other(demo: Demo) -> None:
    declaration = declaration_of(network_tables(date.today()))  # noqa: DTZ011 (the years around it)
    assert declaration.problems == ()
    with demo.engine.begin() as connection:
        report = apply_declaration(connection, declaration, demo.location.pins(), Passwords(HASHER.hash))
    assert not report.wrote


def test_the_records_import_like_any_others(demo: Demo) -> None:
    titles = list(Cataloguer().titles())
    batch = list(MarcFile().records(marc_file(titles, copies(titles, Dice(SEED + 1)))))[:300]
    records = [each for each in batch if isinstance(each, SourceRecord)]
    with demo.engine.begin() as connection:
        task = Task("LENS", ["network"], PROFILES["995"], 0)
        report = import_batch(connection, task, records, new_records("LENS", records))
    assert (report.unchanged, report.added, report.replaced) == (300, 0, 0)
    assert (report.items_added, report.items_changed, report.refused, report.unknown) == (0, 0, [], Counter())


def test_a_store_with_a_network_is_left_alone(demo: Demo) -> None:
    assert not is_empty(demo.location)
    with pytest.raises(ValueError, match="already"):
        create_demo(demo.location, lambda *_: None)


def test_what_is_broken_off_leaves_an_empty_store(tmp_path: Any) -> None:
    location = Location(tmp_path / "store")

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "records":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_demo(location, interrupt)
    assert is_empty(location)


@pytest.mark.slow
def test_it_is_made_on_postgresql_too(postgresql: Server, postgresql_url: str, tmp_path: Any) -> None:
    location = Location(tmp_path, postgresql_url)
    create_demo(location, lambda *_: None)
    with location.engine().connect() as connection:
        counted = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (schema.record, schema.item, schema.patron, schema.loan, schema.past_loan, schema.transit)
        }
    assert counted == {
        "record": 5_000, "item": 12_000, "patron": 4_000, "loan": 2_641, "past_loan": 880, "transit": 220,
    }  # fmt: skip


# --- always the same -----------------------------------------------------------------------------------------------------


def _digest(parts: Iterator[bytes]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(part)
    return found.hexdigest()


def test_dice_fall_alike_on_every_python() -> None:
    dice = Dice(1)
    assert [dice.below(1000) for _ in range(6)] == [134, 847, 763, 255, 495, 449]
    assert dice.shuffled("abcdef") == ["c", "b", "e", "a", "f", "d"]


def test_records_and_items_do_not_change_from_one_release_to_the_next() -> None:
    titles = list(Cataloguer().titles())
    stock = copies(titles, Dice(SEED + 1))
    assert _digest(marc_file(titles, stock)) == "4dbb792f2dc79c9c554ec3bce0b225dc", (
        "scripts and benchmarks rely on these"
    )
    assert _digest(json.dumps(each).encode() for each in conditions(stock)) == "447038f5c2d41e64f6d226bac27226a2"


def test_readers_do_not_change_from_one_release_to_the_next() -> None:
    residences = dict.fromkeys(SIZES, "62498")
    made = readers(Dice(SEED + 2), date(2026, 11, 22), residences)
    assert (
        _digest(json.dumps(reader, default=str, sort_keys=True).encode() for reader in made)
        == "132d934e647966305751aae8d7182044"
    )


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 12, 31), date(2027, 1, 1)])
def test_readers_are_the_same_people_whatever_the_day(today: date) -> None:
    def people(day: date) -> list[tuple[Any, ...]]:
        keys = ("code", "category", "home", "surname", "forename")
        return [tuple(reader[key] for key in keys) for reader in readers(Dice(SEED + 2), day, dict.fromkeys(SIZES, ""))]

    assert people(today) == people(date(2026, 11, 22))


# --- records that a cataloguer would sign --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def records() -> list[Record]:
    titles = list(Cataloguer().titles())
    return [Record.from_iso2709(raw) for raw in marc_file(titles, copies(titles, Dice(SEED + 1)))]


def test_records_are_read_without_a_finding() -> None:
    titles = list(Cataloguer().titles())
    file = MarcFile()
    read = list(file.records(marc_file(titles, copies(titles, Dice(SEED + 1)))))
    assert all(isinstance(each, SourceRecord) for each in read)
    assert (file.seen.forms, file.seen.findings, file.seen.rejected) == (Counter({Format.UNIMARC: 5_000}), {}, {})


def test_identifiers_are_valid_and_nobody_elses(records: list[Record]) -> None:
    seen: Counter[str] = Counter()
    for record in records:
        numbers = [
            *(isbn.validate(found, convert=True) for field in record.all("010") for found in field.all("a")),
            *(issn.validate(found) for field in record.all("011") for found in field.all("a")),
            *(ean.validate(found) for field in record.all("073") for found in field.all("a")),
        ]
        assert len(numbers) == 1
        seen.update(numbers)
    assert set(seen.values()) == {1}


def test_every_record_has_what_unimarc_demands(records: list[Record]) -> None:
    for record in records:
        tags = [field.tag for field in record.fields]
        assert tags == sorted(tags)
        assert {"001", "005", "100", "101", "102", "181", "182", "183", "200", "801", "995"} <= set(tags)
        assert ("210" in tags) != ("214" in tags)
        coded = record.value("100", "a")
        assert (len(coded), coded[26:30], coded[34:36]) == (36, "50  ", "ba")
        assert record.leader[5:10] in {"nam  ", "nas  ", "ngm  ", "njm  ", "nrm  "}
        for field in record.fields:
            assert field.data or all(value for _, value in field.subfields)


def test_records_show_what_real_ones_have(records: list[Record]) -> None:
    """Articles that do not file, ligatures, letters of other languages, volumes, parallel titles, issues."""
    titles = [record.value("200", "a") for record in records]
    everything = "".join(field.text() for record in records for field in record.fields)
    assert sum(title.startswith("\x98") and "\x9c" in title for title in titles) > 1_500
    assert set("àâçéèêîôùœÉÀŒŁłąöüñã") <= set(everything)
    present = Counter(
        field.tag for record in records for field in {field.tag: field for field in record.fields}.values()
    )
    for tag in (205, 207, 225, 326, 330, 410, 454, 461, 606, 608, 676, 700, 701, 702):
        assert present[str(tag)] >= 20, tag
    assert sum(bool(record.value("200", "h")) for record in records) > 1_000
    assert sum(bool(record.value("200", "d")) for record in records) >= 10
    assert sum(record.value("101", "c") != "" for record in records) > 500
    assert sum("N°" in field.get("l") for record in records for field in record.all("995")) > 500


def test_titles_are_french() -> None:
    novels = [title.title for title in Cataloguer().titles() if title.kind == "book"]
    for wrong in ("de le ", "de les ", "à le ", "la a", "le é", "de é", "  ", "'' "):
        assert not [title for title in novels if f" {wrong}" in f" {title}"], wrong


@pytest.mark.parametrize(
    ("year", "day"),
    [(2024, "2024-03-31"), (2025, "2025-04-20"), (2026, "2026-04-05"), (2038, "2038-04-25"), (2049, "2049-04-18")],
)
def test_easter(year: int, day: str) -> None:
    assert easter(year).isoformat() == day


def test_holidays_are_eleven() -> None:
    assert len(dict(holidays(2026))) == 11
    assert dict(holidays(2026))[date(2026, 5, 14)] == "Ascension"
