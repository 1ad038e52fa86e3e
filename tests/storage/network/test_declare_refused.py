"""A declaration that is refused: where and why, all at once, with nothing written."""

from __future__ import annotations

import pytest

from storage.database import Location
from tests.storage.network.declaring import HASH, WHOLE, Store

REFUSED = [
    ('libraries = [{code = "X", name = "X", commune = "LENZ"}]', "libraries[0].commune: LENZ is not among the communes (did you mean LENS?)"),
    ('libraries = [{code = "X"}]', "libraries[0].name: missing"),
    ('libraries = [{name = "X"}]', "libraries[0].code: missing"),
    (
        'libraries = [{code = "x", services = [{}]}]\ndevices = [{library = "LENZ"}]',
        "devices[0].library: LENZ is not among the libraries (did you mean LENS?)",
    ),
    ('libraries = [{code = "X", name = "X"}, {code = "X"}]', "libraries[1]: declared already, at libraries[0]"),
    ('libraries = [{code = "X", name = "X", isil = "FR-620000001"}]', "libraries[0].isil: another has the same"),
    ('libraries = [{code = "LENS", parent = "LENS"}]', "libraries[0].parent: is under itself"),
    ('libraries = [{code = "LENS", services = [{service = "rfid"}]}]', "libraries[0].services[0].from_on: missing"),
    (
        'libraries = [{code = "LENS", services = [{service = "rfid", from_on = 2026-02-01, to_on = 2026-01-01}]}]',
        "libraries[0].services[0].to_on: comes before from_on",
    ),
    (
        'communes = [{code = "LENS", memberships = [{convention = "a", notified_on = 2030-01-01, ends_on = 2029-12-31}]}]',
        "communes[0].memberships[0].ends_on: comes before notified_on",
    ),
    (
        'communes = [{code = "LENS", memberships = [{convention = "a", notified_on = 2026-01-01}, {convention = "b", notified_on = 2026-01-01}]}]',
        "communes[0].memberships[1].notified_on: another has the same",
    ),
    ('item_types = [{code = "BOOK", parent = "DOX"}]', "item_types[0].parent: DOX is not among the item types (did you mean DOC?)"),
    ('policies = [{code = "x"}]', "policies[0].effective_from: missing"),
    (
        'policies = [{code = "x", effective_from = 2026-01-01, rules = [{attribute = "loan.limit", value = "2 days"}]}]',
        "policies[0].rules[0].value: not a value of loan.limit: write a number",
    ),
    (
        'policies = [{code = "x", effective_from = 2026-01-01, rules = [{attribute = "loan.allowed", value = "maybe"}]}]',
        "policies[0].rules[0].value: not a value of loan.allowed: write `yes` or `no`",
    ),
    (
        'policies = [{code = "x", effective_from = 2026-01-01, rules = [{value = 2}]}]',
        "policies[0].rules[0].attribute: missing",
    ),
    (
        f'partners = [{{agency = "FR-MDPC62", secret = "a", secret_hash = "{HASH}"}}]',
        "partners[0].secret_hash: secret and secret_hash are two ways to say one thing: give one",
    ),
    (
        'policies = [{code = "x", effective_from = 2026-01-01, rules = [{attribute = "loan.period", value = 28}]}]',
        "policies[0].rules[0].value: not a value of loan.period: write `28 days`, `4 weeks`, `1 month` or `3 hours`",
    ),
    (
        'policies = [{code = "x", effective_from = 2026-01-01, rules = [{attribute = "loan.limit", value = 1}, {attribute = "loan.limit", value = 2}]}]',
        "policies[0].rules[1]: declared already, at policies[0].rules[0]",
    ),
    ('calendars = [{libraries = ["LENZ"]}]', "calendars[0].libraries[0]: LENZ is not among the libraries (did you mean LENS?)"),
    (
        'calendars = [{week = {monday = ["10:00-12:00", "11:00-13:00"]}}]',
        "calendars[0].week.monday: hours overlap",
    ),
    (
        'calendars = [{week = {}}, {libraries = ["LENS"], week = {}}]',
        "calendars[1].week: declared already, at calendars[0]",
    ),
    (
        'calendars = [{exceptions = [{day = 2027-01-01}]}, {libraries = ["LENS"], exceptions = [{day = 2027-01-01}]}]',
        "calendars[1].exceptions[0]: declared already, at calendars[0].exceptions[0]",
    ),
    ("calendars = [{from_on = 2026-02-01, to_on = 2026-01-01}]", "calendars[0].to_on: comes before from_on"),
    ('devices = [{login = "k", library = "LENS"}]', "devices[0].password: missing"),
    (f'devices = [{{login = "kiosk-lens", password = "a", password_hash = "{HASH}"}}]', "devices[0].password_hash: password and password_hash are two ways to say one thing: give one"),
    ('partners = [{agency = "A", library = "MDPC"}]', "partners[0].name: missing"),
    ('databases = [{name = "a", default = true}, {name = "b", default = true}]', "databases[1].default: databases[0] is the default"),
    ('patrons = [{category = "ADULT", home = "LENS", surname = "A"}]', "patrons[0].code: missing"),
    ('patrons = [{code = "R1", cards = [{number = "R2"}]}]', "patrons[0].cards[0]: is another reader's card"),
    ('patrons = [{code = "R1", cards = [{number = "N"}]}]', "patrons[0].cards[0].primary: the reader has another active main card"),
    ('patrons = [{code = "R1", cards = [{number = "R1", status = "replaced", replaced_by = "R2"}]}]', "patrons[0].cards[0].replaced_by: is not one of the reader's cards"),
    ('patrons = [{code = "R1", cards = [{number = "R1", namespace = "x"}]}]', "patrons[0].cards[0].namespace: no library has this namespace"),
    ('patrons = [{code = "R1", blocks = [{kind = "a"}, {kind = "a"}]}]', "patrons[0].blocks[1]: declared already, at patrons[0].blocks[0]"),
    ('items = [{owner = "LENS", type = "BOOK", title = "x"}]', "items[0].barcode: missing"),
    ('items = [{barcode = "I1"}, {barcode = "I1"}]', "items[1]: declared already, at items[0]"),
    ('items = [{barcode = "I1", former_barcodes = [{number = "I2"}]}]', "items[0].former_barcodes: these are barcodes of different items"),
    ('items = [{barcode = "I1", namespace = "x"}]', "items[0].namespace: no library has this namespace"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_is_refused_says_where_and_why(location: Location, text: str, problem: str) -> None:
    with location.engine().begin() as connection:
        found = Store(location, connection).refused(text)
    assert problem in found


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_file(store: Store) -> None:
    assert store.refused(
        """
        items = [{barcode = "Z", owner = "LENZ", type = 3, title = "z"}, {barcode = "I1", condition = "eaten"}]
        devices = [{login = "k", library = "LENS", pasword = "x"}]
        [[libraries]]
        code = "Z"
        name = "Z"
        commune = "NOWHERE"
        timezone = "Mars"
        """
    ) == [
        "libraries[0].commune: NOWHERE is not among the communes",
        'libraries[0].timezone: write a time zone, as "Europe/Paris"',
        "items[0].owner: LENZ is not among the libraries (did you mean LENS?)",
        "items[0].type: write up to 64 letters, digits and . _ - : /, in quotes",
        "items[1].condition: write one of good, missing, lost, damaged, repair, in-process, on-order, withdrawn, in quotes",
        "devices[0].password: missing",
        "devices[0].pasword: unknown key (did you mean password?)",
    ]  # fmt: skip


def test_cycles_through_the_store_are_found(store: Store) -> None:
    assert store.refused(
        'item_types = [{code = "DOC", parent = "NEW"}, {code = "NEW", name = "x", parent = "BOOK"}]'
    ) == [
        "item_types[0].parent: is under itself",
        "item_types[1].parent: is under itself",
    ]


def test_nothing_is_written_for_a_declaration_with_a_fault(store: Store) -> None:
    assert store.refused(WHOLE.replace('home = "LENS"', 'home = "LENZ"')) == [
        "patrons[1].home: LENZ is not among the libraries (did you mean LENS?)"
    ]
