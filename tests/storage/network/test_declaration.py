"""The file of a network as it is read: every fault with its place, no exception but the declared one, no secret told."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint

from storage import schema
from storage.network import declaration_keys, declaration_partners, declaration_z3950
from storage.network.declaration_keys import Checked, keys_of
from storage.network.declaration_reference import reference
from storage.network.declare import Declaration, DeclarationError, read_declaration

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "network-file.md"


def problems(text: str) -> list[str]:
    return [problem.path for problem in read_declaration(text.encode()).problems]


def value(text: str) -> Any:
    """Read one key of one library."""
    declaration = read_declaration(f"[[libraries]]\n{text}\n".encode())
    assert not declaration.problems
    return declaration.libraries[0]


def test_a_file_is_read_into_its_classes() -> None:
    declaration = read_declaration(
        """
        network.name = "Réseau"
        libraries = [{code = "LENS", services = [{service = "rfid", from_on = 2026-01-31}]}]
        [[calendars]]
        libraries = ["LENS"]
        week.tuesday = ["10:00-12:00", "14:00-24:00"]
        [[policies]]
        rules = [{attribute = "loan.limit", value = 20, locked = true}]
        """.encode()
    )
    assert declaration.problems == ()
    assert declaration.network is not None
    assert declaration.network.name == "Réseau"
    assert declaration.libraries[0].services[0].from_on == "2026-01-31"
    week = declaration.calendars[0].week
    assert week is not None
    assert week.tuesday == ("10:00-12:00", "14:00-24:00")
    assert declaration.policies[0].rules[0].value == "20"


def test_every_fault_is_told_with_its_place() -> None:
    assert problems(
        """
        frob = 1
        [[communes]]
        code = "LENS"
        insee = 62498
        [[libraries]]
        code = "Lens"
        nam = "Lens"
        timezone = "Europe/Lens"
        isil = "FR 62"
        services = [{service = "rental"}, 3, {service = "rfid", from_on = "2026-02-30"}]
        [[calendars]]
        libraries = ["LENS", 3]
        week.monday = ["12:00-10:00"]
        exceptions = {}
        [[patrons]]
        born_on = 2026-01-01T00:00:00
        cards = [{number = 12, primary = "yes"}, {number = "a|b"}]
        [[devices]]
        password_hash = "secret"
        """
    ) == [
        "communes[0].insee",
        "libraries[0].code",
        "libraries[0].isil",
        "libraries[0].timezone",
        "libraries[0].services[0].service",
        "libraries[0].services[1]",
        "libraries[0].services[2].from_on",
        "libraries[0].nam",
        "calendars[0].libraries[1]",
        "calendars[0].week.monday[0]",
        "calendars[0].exceptions",
        "patrons[0].born_on",
        "patrons[0].cards[0].number",
        "patrons[0].cards[0].primary",
        "patrons[0].cards[1].number",
        "devices[0].password_hash",
        "frob",
    ]


def test_what_is_right_is_read_beside_what_is_wrong() -> None:
    declaration = read_declaration(b'communes = [{code = 3, name = "Lens"}, 7, {code = "AVION"}]')
    assert [(commune.code, commune.name) for commune in declaration.communes] == [
        (None, "Lens"),
        (None, None),
        ("AVION", None),
    ]


def test_a_misspelt_key_gets_a_hint() -> None:
    (problem,) = read_declaration(b"[[libraries]]\ncomune = 'LENS'").problems
    assert str(problem) == "libraries[0].comune: unknown key (did you mean commune?)"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b"a = ", "end of document"),
        (b"a = 1\nb = x", "line 2, column 5"),
        (b"a = 1\na = 2", "end of document"),
        (b"network.name = '\xe9'", "octet 16"),
        (b"a = " + b"[" * 100_000, "file"),
        (b"a = " + b"{b=" * 100_000, "file"),
        (b"a = 1" + b"0" * 10_000, "file"),
    ],
)
def test_what_is_no_toml_is_refused_with_its_place(text: bytes, path: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        read_declaration(text)
    (problem,) = caught.value.problems
    # Python 3.11 counts brackets until its stack ends, later versions count them themselves.
    assert path in {problem.path, "file"}
    assert re.match("not TOML|not UTF-8|tables within", problem.text)


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("code", ["LENS", "LENS2", "A_B"], ["lens", "L|S", "", "É", "A" * 33, "LENS\n"]),
        ("isil", ["FR-624985201", "OCLC-ABC", "US-m"], ["FR624985201", "FR-", "FR-1234567890123", "FR-62 1", "FR-é"]),
        ("timezone", ["Europe/Paris", "UTC"], ["", "Paris", "../etc/passwd", "/etc/localtime", "Europe"]),
        ("namespace", ["", "LENS"], ["a b", "a|b"]),
    ],
)
def test_values_of_a_library(key: str, good: list[str], bad: list[str]) -> None:
    for text in good:
        assert getattr(value(f"{key} = {json.dumps(text)}"), key) == text
    for text in bad:
        assert problems(f"[[libraries]]\n{key} = {json.dumps(text)}") == [f"libraries[0].{key}"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-22", "2026-11-22"),
        ("'2026-11-22'", "2026-11-22"),
        ("'2024-02-29'", "2024-02-29"),
        ("'2026-02-29'", None),
        ("'22/11/2026'", None),
        ("'20261122'", None),
        ("2026-11-22T10:00:00", None),
        ("20261122", None),
    ],
)
def test_days(written: str, read: str | None) -> None:
    declaration = read_declaration(f"patrons = [{{valid_until = {written}}}]".encode())
    assert declaration.patrons[0].valid_until == read
    assert bool(declaration.problems) == (read is None)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("978-2-253-00422-6", "9782253004226"),
        ("2-253-00422-7", "9782253004226"),
        ("9782253004227", None),
        ("", None),
    ],
)
def test_isbns(written: str, read: str | None) -> None:
    assert read_declaration(f"items = [{{isbn = '{written}'}}]".encode()).items[0].isbn == read


def test_profiles_of_devices_are_checked_by_whom_they_concern() -> None:
    declaration = read_declaration(
        b"devices = [{profile = {charset = 'x'}}, {profile = {speed = 'fast'}}, {profile = {charset = 1}}]",
        lambda profile: [(name, "no") for name in profile if name != "charset"],
    )
    assert [str(problem) for problem in declaration.problems] == [
        "devices[2].profile: write a table of texts",
        "devices[1].profile.speed: no",
    ]


def test_secrets_and_readers_are_in_no_repr_and_no_fault() -> None:
    secret = "Secret-7731"
    text = f"""
        [[patrons]]
        surname = "{secret}"
        pin = "{secret}"
        email = "{secret}"
        cards = [{{number = "{secret}", replaced_by = "{secret}"}}]
        blocks = [{{kind = "x", note = "{secret}"}}]
        [[devices]]
        password = "{secret}"
        [[partners]]
        secret = "{secret}"
    """
    declaration = read_declaration(text.encode())
    assert secret not in repr(declaration)
    faulty = read_declaration(text.replace(f'"{secret}"', f'"{secret}\\n"').encode())
    assert len(faulty.problems) == 8
    assert secret not in repr(faulty.problems)


# --- the tables themselves -----------------------------------------------------------------------------------------------

TABLES: list[Any] = [
    each
    for module in (declaration_keys, declaration_partners, declaration_z3950)
    for each in vars(module).values()
    if attrs.has(each) and issubclass(each, Checked) and each.__module__ == module.__name__
]


def choices() -> list[tuple[str, tuple[str, ...]]]:
    """Return the choices that the file gives, with the column that takes them."""
    columns = [
        (declaration_keys.Service, "service", "service_activation.service"),
        (declaration_keys.Library, "kind", "library.kind"),
        (declaration_keys.Card, "status", "card.status"),
        (declaration_keys.Item, "condition", "item.condition"),
    ]
    hints = [(column, get_args(get_type_hints(table)[key])) for table, key, column in columns]
    return [(column, get_args(part)) for column, parts in hints for part in parts if get_origin(part) is Literal]


@pytest.mark.parametrize(("column", "allowed"), choices())
def test_the_file_and_the_database_have_the_same_choices(column: str, allowed: tuple[str, ...]) -> None:
    table, name = column.split(".")
    checks = [
        str(check.sqltext)
        for check in schema.METADATA.tables[table].constraints
        if isinstance(check, CheckConstraint) and str(check.sqltext).startswith(f"{name} IN")
    ]
    assert [re.findall(r"'([^']*)'", check) for check in checks] == [list(allowed)]


@pytest.mark.parametrize("table", TABLES)
def test_every_key_tells_what_it_means(table: Any) -> None:
    assert table.__doc__
    for key in keys_of(table):
        assert key.meaning.endswith(".")


def test_the_reference_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text() == reference(), "the page is stale: run `make docs`"


def test_the_reference_page_names_every_table_and_key() -> None:
    page = reference()
    for table in TABLES:
        assert str(table.__doc__) in page
        for key in keys_of(table):
            assert f"| `{key.name}` |" in page


# --- hostile files -------------------------------------------------------------------------------------------------------

_NAMES = sorted({key.name for table in [*TABLES, Declaration] for key in keys_of(table)})
_SCALARS = st.one_of(
    st.booleans(),
    st.integers(-5, 99_999),
    st.text("abcXYZ019é|- :.", max_size=12),
    st.sampled_from(["LENS", "2026-01-01"]),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=12,
)


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([key.name for key in keys_of(Declaration)] + ["frob"]), _VALUES, max_size=4))
def test_any_toml_is_read_or_its_faults_are_told(raw: dict[str, Any]) -> None:
    text = "\n".join(f"{name} = {toml(value)}" for name, value in raw.items())
    declaration = read_declaration(text.encode())
    assert len({problem.path for problem in declaration.problems}) == len(declaration.problems)
    for problem in declaration.problems:
        assert re.split(r"[.\[]", problem.path)[0] in raw


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(text: bytes) -> None:
    with suppress(DeclarationError):
        assert isinstance(read_declaration(text), Declaration)
