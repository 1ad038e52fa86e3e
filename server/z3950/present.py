"""Present: which records are asked for, in which form, and how they are put into messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from protocols.z3950 import oids
from protocols.z3950.apdu import PresentRequest, PresentStatus
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import CompSpec, ElementSetNames, RecordComposition, Specification
from protocols.z3950.records import fragments
from server.catalogue.records import ELEMENT_SETS, Schema, schema_named
from server.catalogue.result_sets import ResultSet
from server.catalogue.shared import MARC21, Catalogue
from server.z3950 import packages
from server.z3950.records import SYNTAXES, Form
from storage.network.network import Database
from storage.statements import Steps

SLICE: Final = 20
"""Records that are made before other associations get their turn."""
MAX_RANGES: Final = 64
MAX_SEGMENTS: Final = 16
"""Messages that the records of one Present may fill, where segments were agreed on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Octets of records in one message, octets of a record that is alone in it, and how many messages there may be.

    With *fragments*, a record that no message holds is spread over several.
    """

    message: int
    record: int
    messages: int = 1
    fragments: bool = False


@dataclass(slots=True)
class Collected:
    """Records in messages, the last of them the response; what became of the request; where the next record is.

    A record counts in the message in which it ends, so that *ended* is how many each of them brings.
    """

    messages: list[list[bytes]] = field(default_factory=lambda: [[]])
    ended: list[int] = field(default_factory=lambda: [0])
    status: PresentStatus = PresentStatus.SUCCESS
    following: int = 0

    @property
    def number(self) -> int:
        """How many records there are in all messages."""
        return sum(self.ended)

    def add(self, octets: bytes, *, ends: bool) -> None:
        """Add a record, or a piece of one, to the last message."""
        self.messages[-1].append(octets)
        self.ended[-1] += ends

    def turn(self) -> None:
        """Begin another message."""
        self.messages.append([])
        self.ended.append(0)


def asked_ranges(request: PresentRequest, count: int) -> list[range]:
    """Return the places of a set of *count* records (from 0) that a request names. Raises Refused (13, 243)."""
    more = request.additional_ranges or ()
    if len(more) > MAX_RANGES:
        raise Refused(Bib1.ADDITIONAL_RANGES, f"{MAX_RANGES} are taken")
    ranges = [
        (request.result_set_start_point, request.number_of_records_requested),
        *((each.starting_position, each.number_of_records) for each in more),
    ]
    for start, number in ranges:
        if not 1 <= start <= count:
            raise Refused(Bib1.PRESENT_OUT_OF_RANGE, start)
        if not 0 <= number <= count - start + 1:
            raise Refused(Bib1.PRESENT_OUT_OF_RANGE, count + 1)
    return [range(start - 1, start - 1 + number) for start, number in ranges]


# --- the form of records ------------------------------------------------------------------------------------------------


def composed_form(
    syntax: str | None,
    composition: RecordComposition | None,
    databases: Sequence[Database],
    version: int,
    habit: str | None = None,
) -> Form:
    """Return the form that a Present asks for; *habit* is the syntax where it asks for none. Raises Refused."""
    if composition is None or composition.complex is None:
        return simple_form(syntax or habit, composition.simple if composition is not None else None, databases, version)
    sent = composition.complex
    chosen = _syntax(syntax or (None if sent.record_syntax else habit), sent, databases)
    spec = _specification(sent, databases)
    schema = name = None
    if spec is not None and spec.schema is not None:
        asked = spec.schema.oid or spec.schema.uri or ""
        schema = schema_named(asked)
        if schema is None or chosen != oids.XML:
            raise Refused(Bib1.SCHEMA, asked)
    if spec is not None and spec.element_spec is not None:
        name = spec.element_spec.element_set_name
        if name is None:
            raise Refused(Bib1.COMP_SPEC, "an element set name is taken, no eSpec")
    return _form(chosen, name, databases, version, schema)


def simple_form(syntax: str | None, names: ElementSetNames | None, databases: Sequence[Database], version: int) -> Form:
    """Return the form of records; F and the syntax of the database where nothing is asked. Raises Refused."""
    if syntax is not None and syntax not in _syntaxes(databases):
        raise Refused(Bib1.RECORD_SYNTAX, syntax)
    name = None
    if names is not None:
        name = names.generic_element_set_name
        if name is None:
            wanted = {each.db_name.casefold(): each.esn for each in names.database_specific or ()}
            if len(databases) != 1 or databases[0].name.casefold() not in wanted:
                raise Refused(Bib1.ONLY_GENERIC_ELEMENT_SET_NAME)
            name = wanted[databases[0].name.casefold()]
    return _form(_default(databases) if syntax is None else syntax, name, databases, version)


def _syntaxes(databases: Sequence[Database]) -> Collection[str]:
    return packages.SYNTAXES if packages.hold(databases) else SYNTAXES


def _default(databases: Sequence[Database]) -> str:
    if packages.hold(databases):
        return oids.TASK_PACKAGE
    return oids.USMARC if databases[0].variant == MARC21 else oids.UNIMARC


def _form(
    syntax: str, name: str | None, databases: Sequence[Database], version: int, schema: Schema | None = None
) -> Form:
    name = ELEMENT_SETS[0] if name is None else name
    if name.upper() in ELEMENT_SETS:
        return Form(syntax, name.upper(), version, schema, databases[0].variant)
    named = schema_named(name) if syntax == oids.XML and schema is None else None  # a habit of YAZ and its users
    if named is None:
        raise Refused(Bib1.ELEMENT_SET_NAME_NOT_VALID, name)
    return Form(syntax, ELEMENT_SETS[0], version, named)


def _syntax(preferred: str | None, sent: CompSpec, databases: Sequence[Database]) -> str:
    asked = [preferred] if preferred is not None else list(sent.record_syntax or ())
    found = next((syntax for syntax in asked if syntax in _syntaxes(databases)), None)
    if found is None and asked and not sent.select_alternative_syntax:
        raise Refused(Bib1.RECORD_SYNTAX, asked[0])
    return found or _default(databases)


def _specification(sent: CompSpec, databases: Sequence[Database]) -> Specification | None:
    """Return what is asked of these databases: what is said of them all, unless something is said of the only one."""
    if len(databases) == 1:
        for each in sent.db_specific or ():
            if each.db.casefold() == databases[0].name.casefold():
                return each.spec
    return sent.generic


# --- records into messages ----------------------------------------------------------------------------------------------


async def collect(
    catalogue: Catalogue,
    found: ResultSet,
    ranges: Sequence[range],
    form: Form,
    limits: Limits,
    stopped: Callable[[], PresentStatus | None],
) -> Collected:
    """Return the records of ranges, or as many as the messages hold, or as were made until something stopped it.

    A record that is alone larger than a message is sent when it alone was asked for and is no larger than a record may be;
    else a diagnostic stands for it (Z39.50 3.3.1, in the reading that origins are used to).
    """
    made = Collected()
    alone = sum(map(len, ranges)) == 1
    size = 0
    for places in ranges:
        for at in range(places.start, places.stop, SLICE):
            if made.messages[0]:
                await catalogue.rest()
                if status := stopped():
                    made.status, made.following = status, at + 1
                    return made
            numbers = found.numbers(at, min(at + SLICE, places.stop))
            for place, record in enumerate(await _read(catalogue, numbers, found.databases, form), at):
                pieces = [record]
                if len(record) > limits.message:
                    pieces = _outsized(record, found.databases[0].name, form, limits, alone=alone)
                turns = bool(made.messages[-1]) and size + len(pieces[0]) > limits.message
                if len(made.messages) + turns + len(pieces) - 1 > limits.messages:
                    made.status, made.following = PresentStatus.PARTIAL_2, place + 1
                    return made
                for number, octets in enumerate(pieces, 1):
                    if made.messages[-1] and size + len(octets) > limits.message:
                        made.turn()
                        size = 0
                    size += len(octets)
                    made.add(octets, ends=number == len(pieces))
    following = ranges[-1].stop + 1
    made.following = following if following <= len(found.records) else 0
    return made


def _read(
    catalogue: Catalogue, numbers: Sequence[int], databases: Sequence[Database], form: Form
) -> Awaitable[list[bytes]]:
    if packages.hold(databases):
        return packages.read(catalogue, numbers, databases[0], form)
    steps: Steps[list[bytes]] = catalogue.shelf.read(catalogue.store.network, numbers, databases, form)
    return catalogue.store.read(steps)


def _outsized(record: bytes, database: str, form: Form, limits: Limits, *, alone: bool) -> list[bytes]:
    """Return what is sent of a record that is larger than a message: it, its pieces, or why not."""
    try:
        return _pieces(record, limits, alone=alone)
    except Refused as refused:
        return [form.diagnostic(database, refused)]


def _pieces(record: bytes, limits: Limits, *, alone: bool) -> list[bytes]:
    if len(record) > limits.record:
        raise Refused(Bib1.RECORD_EXCEEDS_EXCEPTIONAL_SIZE, len(record))
    if limits.fragments:
        pieces = fragments(record, limits.message)
        if len(pieces) > limits.messages:
            raise Refused(Bib1.SEGMENTATION, len(pieces))
        return pieces
    if not alone:
        raise Refused(Bib1.RECORD_EXCEEDS_PREFERRED_SIZE, len(record))
    return [record]
