"""A declaration applied to a store: what it adds and corrects, what it refuses, and that it writes nothing twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import insert

from protocols.marc.format import Format
from protocols.marc.record import Field, Record, Subfield
from storage import schema
from storage.catalogue.records import NewRecord, save_records
from storage.database import Location, upgrade
from storage.network.declare import (
    Declaration,
    Passwords,
    apply_declaration,
    compare_declaration,
    read_declaration,
)
from storage.network.network import load_network
from tests.network import NOW
from tests.storage.network.declaring import HASH, HASHER, WHOLE, Store

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "declare-a-network.md"


def test_a_whole_network_is_written(store: Store) -> None:
    report = store.load(WHOLE)
    assert {name: tuple(count) for name, count in report.counts.items()} == {
        "settings": (0, 1, 0),
        "cataloguers": (1, 0, 0),
        "communes": (1, 0, 0),
        "memberships": (1, 0, 0),
        "libraries": (2, 0, 0),
        "services": (2, 0, 0),
        "patron_categories": (1, 0, 0),
        "item_types": (2, 0, 0),
        "policies": (1, 0, 0),
        "rules": (3, 0, 0),
        "opening hours": (6, 0, 0),
        "exceptions": (9, 0, 0),
        "databases": (1, 0, 0),
        "devices": (1, 0, 0),
        "partners": (1, 0, 0),
        "patrons": (2, 0, 0),
        "cards": (3, 0, 0),
        "blocks": (1, 0, 0),
        "items": (2, 0, 0),
        "barcodes": (3, 0, 0),
    }
    network = load_network(store.connection, store.pins)
    vimy, annex = network.by_code["VIMY"], network.by_code["VIMY2"]
    assert network.name == "Réseau d'essai"
    assert (vimy.name, vimy.isil, vimy.commune, vimy.namespace) == ("Vimy", "FR-628619901", "VIMY", "vimy")
    assert vimy.offers("rfid", "2026-12-31")
    assert not vimy.offers("rfid", "2027-01-01")
    assert store.row(schema.library, code="VIMY2")["parent_id"] == vimy.id
    assert [(each.weekday, each.opens, each.closes) for each in annex.calendar.openings] == [
        (3, "10:00", "12:00"),
        (3, "14:00", "18:00"),
        (6, "10:00", "12:00"),
    ]
    assert vimy.calendar.exceptions == {"2026-12-26": None, "2026-12-27": ("10:00", "11:00"), "2027-01-01": None}
    assert network.by_code["LENS"].calendar.exceptions == {"2027-01-01": None}
    assert network.by_code["MDPC"].calendar.exceptions == {}
    (policy,) = network.policy_sets
    assert [(rule.attribute, rule.value, rule.locked) for rule in policy.rules if rule.id.startswith("rule:")] == [
        ("loan.limit", "12", False),
        ("loan.limit", "2", True),
        ("loan.period", "7 days", False),
    ]
    child = next(kind for kind in network.categories.values() if kind.code == "CHILD")
    comic = next(kind for kind in network.item_types.values() if kind.code == "COMIC")
    assert [network.categories[node].code for node in child.path] == ["CHILD", "YOUTH", "ALL"]
    assert [network.item_types[node].code for node in comic.path] == ["COMIC", "PRINT", "DOC"]
    assert policy.rules[-1].scope == (vimy.id, None, child.id, network.by_code["LENS"].id, "BD", "sip2")
    device, partner = network.devices["kiosk-vimy"], network.partners["FR-X"]
    assert (device.library_id, device.enabled, dict(device.profile)) == (vimy.id, True, {"charset": "cp850"})
    assert HASHER.verify(device.password_hash, "demo")
    assert (partner.name, dict(partner.profile)) == ("X", {"language": "en"})
    assert HASHER.verify(partner.secret_hash, "demo")
    assert (network.databases["vimy"].title, network.databases["vimy"].lenient) == ("Vimy", True)
    marie = network.cataloguers["marie"]
    assert (marie.library_id, marie.updates, marie.enabled) == (vimy.id, True, True)
    assert HASHER.verify(marie.password_hash, "demo")


def test_readers_and_items_are_written_as_the_desk_reads_them(store: Store) -> None:
    store.load(WHOLE)
    vimy = store.row(schema.library, code="VIMY")["id"]
    reader = store.row(schema.patron, code="A")
    assert (reader["surname"], reader["language"], reader["valid_until"]) == ("Noël", "fr", "2027-01-01")
    assert reader["pin_hash"] == store.pins.hash("A", "1234")
    cards = {card["number"]: card for card in store.rows(schema.card, patron_id=reader["id"])}
    assert (cards["A1"]["status"], cards["A1"]["is_primary"], cards["A1"]["namespace"]) == ("active", 1, "")
    assert (cards["A0"]["status"], cards["A0"]["replaced_by"], cards["A0"]["namespace"]) == ("replaced", "A1", "vimy")
    block = store.row(schema.block, patron_id=reader["id"])
    assert (block["kind"], block["acts"], block["from_on"], block["to_on"]) == (
        "manual",
        "checkout hold",
        "2026-01-01",
        None,
    )
    assert store.row(schema.patron, code="B1")["pin_hash"] is None
    barcode = store.row(schema.barcode, number="1", namespace="vimy")
    comic = store.row(schema.item, id=barcode["item_id"])
    assert (comic["owner_id"], comic["title"], comic["condition"], comic["for_loan"]) == (vimy, "Astérix", "good", 1)
    assert comic["home_id"] == comic["current_id"] == store.row(schema.library, code="VIMY2")["id"]
    assert (barcode["is_primary"], store.row(schema.barcode, number="V1")["is_primary"]) == (0, 1)
    deposit = store.row(schema.item, title="Dépôt")
    assert (deposit["for_loan"], deposit["due_back_on"]) == (0, "2027-06-30")


def test_the_same_file_again_writes_nothing(store: Store) -> None:
    store.load(WHOLE)
    before = store.everything()
    report = store.load(WHOLE)
    assert not report.wrote
    assert all(count.unchanged for count in report.counts.values())
    assert store.everything() == before


def test_comparing_tells_the_same_and_writes_nothing(store: Store) -> None:
    before = store.everything()
    declaration = read_declaration(WHOLE.encode())
    planned = compare_declaration(store.connection, declaration, store.pins, store.passwords)
    assert store.everything() == before
    assert apply_declaration(store.connection, declaration, store.pins, store.passwords) == planned


def test_the_journal_has_one_row_for_a_load(store: Store) -> None:
    store.load(WHOLE)
    store.load(WHOLE)
    entry = store.row(schema.journal, act="network.declared")
    assert (entry["at"], entry["channel"], entry["actor"]) == (NOW, "cli", "load")
    assert "libraries +2 ~0" in entry["detail"]


def test_keys_that_are_not_given_stay_as_they_are(store: Store) -> None:
    store.load(WHOLE)
    before = {table: rows for table, rows in store.everything().items() if table not in {"patron", "journal", "item"}}
    reader = dict(store.row(schema.patron, code="A"))
    item = dict(store.row(schema.item, title="Astérix"))
    report = store.load(
        """
        patrons = [{code = "A", email = "a@example.org"}]
        items = [{barcode = "V1", call_number = "BD"}]
        libraries = [{code = "VIMY"}]
        """
    )
    assert (report.counts["patrons"], report.counts["items"]) == ((0, 1, 0), (0, 1, 0))
    assert dict(store.row(schema.patron, code="A")) == {**reader, "email": "a@example.org"}
    assert dict(store.row(schema.item, title="Astérix")) == {**item, "call_number": "BD"}
    after = store.everything()
    assert {table: after[table] for table in before} == before


def test_an_item_that_is_moved_on_paper_stays_where_it_was_last_seen(store: Store) -> None:
    store.load(WHOLE)
    store.load('items = [{barcode = "V1", home = "VIMY"}]')
    item = store.row(schema.item, title="Astérix")
    assert item["home_id"] == store.row(schema.library, code="VIMY")["id"]
    assert item["current_id"] == store.row(schema.library, code="VIMY2")["id"]


def test_hours_take_the_place_of_those_of_their_season(store: Store) -> None:
    store.load(WHOLE)
    summer = 'calendars = [{libraries = ["VIMY"], from_on = 2027-07-01, to_on = 2027-08-31, week = {friday = ["09:00-12:00"]}}]'
    store.load(summer)
    report = store.load('calendars = [{libraries = ["VIMY"], week = {saturday = ["10:00-12:00", "14:00-16:00"]}}]')
    assert report.counts["opening hours"] == (1, 2, 1)
    vimy = load_network(store.connection, store.pins).by_code["VIMY"]
    assert {(each.weekday, each.opens, each.from_on) for each in vimy.calendar.openings} == {
        (6, "10:00", None),
        (6, "14:00", None),
        (5, "09:00", "2027-07-01"),
    }
    report = store.load('calendars = [{libraries = ["VIMY"], week = {}}]')
    assert report.wrote
    assert len(store.rows(schema.opening, library_id=vimy.id)) == 1


def test_a_closed_day_can_open_again(store: Store) -> None:
    store.load('calendars = [{libraries = ["LENS"], exceptions = [{day = 2027-01-01, reason = "Jour de l\'an"}]}]')
    store.load('calendars = [{libraries = ["LENS"], exceptions = [{day = 2027-01-01, hours = "10:00-12:00"}]}]')
    day = store.row(schema.calendar_exception)
    assert (day["opens"], day["closes"], day["reason"]) == ("10:00", "12:00", "Jour de l'an")


# --- secrets -------------------------------------------------------------------------------------------------------------


def test_a_password_that_is_the_same_keeps_its_hash(store: Store) -> None:
    before = store.row(schema.device, code="kiosk-lens")["password_hash"]
    assert not store.load('devices = [{login = "kiosk-lens", password = "demo"}]').wrote
    assert store.load('devices = [{login = "kiosk-lens", password = "new"}]').wrote
    after = store.row(schema.device, code="kiosk-lens")["password_hash"]
    assert after != before
    assert HASHER.verify(after, "new")


def test_a_hash_is_taken_as_it_is(store: Store) -> None:
    store.load(f"devices = [{{login = 'kiosk-lens', password_hash = '{HASH}'}}]")
    store.load(f"partners = [{{agency = 'FR-MDPC62', secret_hash = '{HASH}'}}]")
    assert store.row(schema.device, code="kiosk-lens")["password_hash"] == HASH
    assert store.row(schema.partner)["secret_hash"] == HASH


def test_a_password_shared_by_many_is_hashed_once(store: Store) -> None:
    made = []

    def hashed(password: str) -> str:
        made.append(password)
        return HASHER.hash(password)

    devices = ", ".join(f'{{login = "k{number}", library = "LENS", password = "many"}}' for number in range(50))
    store.passwords = Passwords(hashed)
    store.load(f"devices = [{devices}]")
    store.passwords = Passwords(hashed)
    assert not store.load(f"devices = [{devices}]").wrote
    assert made == ["many"]


def test_a_broken_hash_in_the_store_is_made_anew(store: Store) -> None:
    store.connection.execute(insert(schema.device).values(code="old", library_id=1, password_hash="plain"))
    store.load('devices = [{login = "old", password = "plain"}]')
    assert HASHER.verify(store.row(schema.device, code="old")["password_hash"], "plain")


def test_profiles_gain_options_and_keep_others(store: Store) -> None:
    store.load('devices = [{login = "kiosk-lens", profile = {charset = "cp850"}}]')
    store.load('devices = [{login = "kiosk-lens", profile = {terminator = "CRLF"}}]')
    assert json.loads(store.row(schema.device, code="kiosk-lens")["profile"]) == {
        "charset": "cp850",
        "terminator": "CRLF",
    }


def test_a_new_pin_unlocks(store: Store) -> None:
    store.load('patrons = [{code = "R1", pin = "1234"}]')
    patron = schema.patron
    store.connection.execute(patron.update().where(patron.c.code == "R1").values(pin_failures=3, pin_locked_until=NOW))
    assert not store.load('patrons = [{code = "R1", pin = "1234"}]').wrote
    store.load('patrons = [{code = "R1", pin = "4321"}]')
    reader = store.row(patron, code="R1")
    assert (reader["pin_failures"], reader["pin_locked_until"]) == (0, None)
    assert reader["pin_hash"] == store.pins.hash("R1", "4321")


# --- cards, barcodes, databases ------------------------------------------------------------------------------------------


def test_a_lost_card_is_replaced_in_one_file(store: Store) -> None:
    store.load(
        'patrons = [{code = "R1", cards = [{number = "N1"}, {number = "R1", status = "lost", replaced_by = "N1"}]}]'
    )
    reader = store.row(schema.patron, code="R1")["id"]
    cards = {
        card["number"]: (card["status"], card["replaced_by"]) for card in store.rows(schema.card, patron_id=reader)
    }
    assert cards == {"R1": ("lost", "N1"), "N1": ("active", None)}


def test_main_cards_can_change_places(store: Store) -> None:
    store.load('patrons = [{code = "R1", cards = [{number = "N1", primary = false}]}]')
    store.load('patrons = [{code = "R1", cards = [{number = "N1", primary = true}, {number = "R1", primary = false}]}]')
    assert store.row(schema.card, number="N1")["is_primary"] == 1


def test_an_item_is_known_by_any_of_its_barcodes(store: Store) -> None:
    item = store.row(schema.barcode, number="I1")["item_id"]
    store.load('items = [{barcode = "NEW", former_barcodes = [{number = "I1"}]}]')
    assert {row["number"]: row["is_primary"] for row in store.rows(schema.barcode, item_id=item)} == {"NEW": 1, "I1": 0}
    assert not store.load('items = [{barcode = "NEW", former_barcodes = [{number = "I1"}]}]').wrote
    store.load('items = [{barcode = "I1"}]')
    assert {row["number"]: row["is_primary"] for row in store.rows(schema.barcode, item_id=item)} == {"NEW": 0, "I1": 1}


def test_database_names_are_compared_without_case(store: Store) -> None:
    assert not store.load('databases = [{name = "NETWORK"}]').wrote
    assert store.refused('databases = [{name = "x"}, {name = "X"}]') == [
        "databases[1]: declared already, at databases[0]"
    ]


@pytest.mark.parametrize(
    "old", ["", ', {name = "network", title = "Catalogue"}', ', {name = "network", default = false}']
)
def test_a_new_default_database_takes_the_place_of_the_old(store: Store, old: str) -> None:
    store.load(f'databases = [{{name = "other", default = true}}{old}]')
    assert {row["name"]: row["is_default"] for row in store.rows(schema.database)} == {"other": 1, "network": 0}


# --- records -------------------------------------------------------------------------------------------------------------


def _save(store: Store, control: str, isbn: str) -> int:
    fields = [
        Field("010", "", "  ", [Subfield("a", isbn)]),
        Field("100", "", "  ", [Subfield("a", "20260101d2026    m  y0frey50      ba")]),
        Field("200", "", "1 ", [Subfield("a", f"Titre {control}")]),
    ]
    raw = Record("00000nam  2200000   450 ", fields).to_iso2709()
    new = NewRecord("bnf", control, Format.UNIMARC, raw, f"Titre {control}", "Zola, Émile")
    return save_records(store.connection, [new], [], NOW).ids[0]


def test_items_are_attached_to_records_by_isbn_and_by_control_number(store: Store) -> None:
    first, second = _save(store, "1", "2-253-00422-7"), _save(store, "2", "978-2-07-036822-8")
    store.load(
        """
        items = [
          {barcode = "X1", owner = "LENS", type = "BOOK", isbn = "978-2-253-00422-6"},
          {barcode = "X2", owner = "LENS", type = "BOOK", source = "bnf", control = "2", title = "Court", author = ""},
        ]
        """
    )
    one, two = store.row(schema.item, record_id=first), store.row(schema.item, record_id=second)
    assert (one["title"], one["author"]) == ("Titre 1", "Zola, Émile")
    assert (two["title"], two["author"]) == ("Court", "")


def test_records_that_are_not_found_or_not_one_are_told(store: Store) -> None:
    _save(store, "1", "9782253004226")
    _save(store, "2", "9782253004226")
    assert store.refused(
        """
        items = [
          {barcode = "X1", owner = "LENS", type = "BOOK", isbn = "9782253004226"},
          {barcode = "X2", owner = "LENS", type = "BOOK", isbn = "9782070368228"},
          {barcode = "X3", owner = "LENS", type = "BOOK", source = "bnf", control = "3"},
          {barcode = "X4", owner = "LENS", type = "BOOK", source = "bnf"},
          {barcode = "X5", owner = "LENS", type = "BOOK", source = "bnf", control = "1", isbn = "9782070368228"},
          {barcode = "X6", owner = "LENS", type = "BOOK"},
        ]
        """
    ) == [
        "items[0].isbn: 2 records have this ISBN: name one by source and control",
        "items[1].isbn: no record has this ISBN",
        "items[2].control: no record of this source has this control number",
        "items[3].control: missing: source and control name a record together",
        "items[3].title: missing",
        "items[4].isbn: is one way to name a record, source and control are another: give one",
        "items[4].isbn: no record has this ISBN",
        "items[5].title: missing",
    ]


def test_an_empty_declaration_is_none(store: Store) -> None:
    assert not apply_declaration(store.connection, Declaration(), store.pins, store.passwords).wrote


def test_thousands_of_things_are_written_in_chunks(store: Store) -> None:
    patrons = ", ".join(
        f'{{category = "ADULT", home = "LENS", surname = "Durand", cards = [{{number = "N{number}"}}]}}'
        for number in range(2_100)
    )
    items = ", ".join(
        f'{{barcode = "N{number}", owner = "LENS", type = "BOOK", title = "t"}}' for number in range(2_100)
    )
    text = f"patrons = [{patrons}]\nitems = [{items}]"
    report = store.load(text)
    assert [report.counts[kind].added for kind in ("patrons", "cards", "items", "barcodes")] == [2_100] * 4
    assert not store.load(text).wrote
    last = store.row(schema.patron, code="N2099")
    assert store.row(schema.card, number="N2099")["patron_id"] == last["id"]


def test_the_how_to_can_be_followed(postgresql_url: str, tmp_path: Path) -> None:
    location = Location(tmp_path, postgresql_url)
    upgrade(location.engine())
    with location.engine().begin() as connection:
        store = Store(location, connection)
        steps = re.findall(r"^```toml\n(.*?)^```$", HOW_TO.read_text(), re.DOTALL | re.MULTILINE)
        assert len(steps) == 6
        for step in steps:
            assert store.load(step).wrote
            assert not store.load(step).wrote
        assert store.row(schema.item)["condition"] == "withdrawn"
        assert store.refused(
            """
            libraries = [{code = "VIMY"}, {code = "SOUCHEZ", commune = "SOUCHE"}]
            databases = [{name = "network", defalt = true}]
            """
        ) == [
            "libraries[1].commune: SOUCHE is not among the communes (did you mean SOUCHEZ?)",
            "databases[0].defalt: unknown key (did you mean default?)",
        ]
