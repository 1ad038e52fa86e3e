"""Records as they are sent: a stored record and its items as they are now, in one of several shapes, inside what a wire puts it in.

What is made is kept on a shelf with the rows that it was made of: as long as the record and its items are the same,
nothing is made again, and a loan of a moment ago shows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Final, NamedTuple, Protocol

from protocols.marc import dublincore, iso2709
from protocols.marc.charsets import Charset, encode_nearest
from protocols.marc.crosswalk import convert
from protocols.marc.display import brief, isbd
from protocols.marc.errors import MarcError, Unwritable
from protocols.marc.format import Format
from protocols.marc.holdings import Holding, item_fields
from protocols.marc.marcxml import MARCXCHANGE, record_xml
from protocols.marc.mods import mods
from protocols.marc.outgoing import eight_bit
from protocols.marc.record import Record
from protocols.z3950 import oids
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.opac import generic_record, opac_record
from server.catalogue.opac import grouped, opac_xml
from storage.catalogue import postings
from storage.catalogue.access_points import DATABASES
from storage.catalogue.records import StoredRecord, fetch
from storage.catalogue.search import VERSION
from storage.circulation.due import local_day
from storage.circulation.holdings import HoldingRow, by_record, holdings
from storage.circulation.status import LABELS, Status, status_of
from storage.network.network import Database, Network
from storage.statements import STAMP, Row, Steps

ELEMENT_SETS: Final = ("F", "B")
SHELF_OCTETS: Final = 64 << 20
_ROW_OCTETS: Final = 1_000  # what a row of the database takes of memory, about

Fields = list[iso2709.RawField]
Writer = Callable[[bytes, Fields, Format, Sequence[Holding]], bytes]


class Shape(NamedTuple):
    """What a record is made into: the format that it is brought to (None: that of the stored record), and its writer."""

    format: Format | None
    write: Writer


class Form(Protocol):
    """How a wire wants its records: in which shape and element set, and inside what. It is hashed and compared."""

    @property
    def shape(self) -> Shape:
        """What the record is made into."""

    @property
    def element_set(self) -> str:
        """How much of it: one of `ELEMENT_SETS`."""

    def record(self, database: str, contents: bytes) -> bytes:
        """Return *contents* as the wire sends them."""

    def diagnostic(self, database: str, refused: Refused) -> bytes:
        """Return what the wire sends in place of a record."""


def contents(raw: bytes, source: Format, holdings: Sequence[Holding], shape: Shape, element_set: str) -> bytes:
    """Return a record, stored as the octets *raw* of ISO 2709 in *source*, in the shape that is asked. Raises Refused."""
    target, write = shape
    try:
        leader, fields = raw[: iso2709.LEADER], iso2709.fields(raw)
        if target is not None and target is not source:
            converted = convert(Record.parse(leader, fields), source, target).record
            leader, fields, source = converted.leader.encode(), converted.raw_fields(), target
        if element_set == "B":
            fields = brief(fields, source)
        return write(leader, fields, source, holdings)
    except Unwritable as error:  # ISO 2709 has no room for so much; XML has
        raise Refused(Bib1.RECORD_NOT_IN_SYNTAX, oids.XML) from error
    except MarcError as error:
        raise Refused(Bib1.PRESENT_SYSTEM_ERROR, "the stored record cannot be read") from error


def _iso2709(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return iso2709.join(leader, fields + item_fields(holdings, form))


def _eight_bit(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return iso2709.join(*eight_bit(leader, fields + item_fields(holdings, form), form))


def _xml(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return record_xml(leader, fields + item_fields(holdings, form)).encode()


def _marcxchange(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    told = f' format="{form.value.upper()}" type="Bibliographic"'
    return record_xml(leader, fields + item_fields(holdings, form), MARCXCHANGE, told).encode()


def _srw_dc(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return dublincore.srw_dc(Record.parse(leader, fields), form).encode()


def _oai_dc(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return dublincore.oai_dc(Record.parse(leader, fields), form).encode()


def _mods(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return mods(Record.parse(leader, fields), form, holdings).encode()


def _sutrs(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return isbd(Record.parse(leader, fields), form, holdings).encode()


def _opac(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    """Write a record and its items with their circulation; the items are not in the record as well."""
    return opac_record(oids.UNIMARC, iso2709.join(leader, fields), grouped(leader, holdings))


def _opac_eight_bit(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return opac_record(oids.UNIMARC, iso2709.join(*eight_bit(leader, fields, form)), grouped(leader, holdings))


def _opac_marc21(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return opac_record(oids.USMARC, iso2709.join(leader, fields), grouped(leader, holdings))


def _sutrs_latin1(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return encode_nearest(_sutrs(leader, fields, form, holdings).decode(), Charset.LATIN1)


def _opac_xml(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return opac_xml(_marcxchange(leader, fields, form, ()).decode(), grouped(leader, holdings)).encode()


def _opac_xml_marc21(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return opac_xml(_xml(leader, fields, form, ()).decode(), grouped(leader, holdings)).encode()


def _grs_1(leader: bytes, fields: Fields, form: Format, holdings: Sequence[Holding]) -> bytes:
    return generic_record(dublincore.elements(Record.parse(leader, fields), form))


UNIMARC: Final = Shape(Format.UNIMARC, _iso2709)
USMARC: Final = Shape(Format.MARC21, _iso2709)
UNIMARC_5426: Final = Shape(Format.UNIMARC, _eight_bit)
MARC21_MARC8: Final = Shape(Format.MARC21, _eight_bit)
MARCXML: Final = Shape(None, _xml)
SUTRS: Final = Shape(None, _sutrs)
MARC21_XML: Final = Shape(Format.MARC21, _xml)
UNIMARC_XML: Final = Shape(Format.UNIMARC, _marcxchange)
DC: Final = Shape(None, _srw_dc)
OAI_DC: Final = Shape(None, _oai_dc)
OPAC: Final = Shape(Format.UNIMARC, _opac)
OPAC_5426: Final = Shape(Format.UNIMARC, _opac_eight_bit)
OPAC_MARC21: Final = Shape(Format.MARC21, _opac_marc21)
SUTRS_LATIN1: Final = Shape(None, _sutrs_latin1)
OPAC_XML: Final = Shape(Format.UNIMARC, _opac_xml)
OPAC_MARC21_XML: Final = Shape(Format.MARC21, _opac_xml_marc21)
GRS_1: Final = Shape(None, _grs_1)
MODS: Final = Shape(None, _mods)


class Schema(NamedTuple):
    """A schema of XML: the identifier and the names by which it is asked for, its title, and the shape of its records."""

    identifier: str
    names: tuple[str, ...]
    title: str
    shape: Shape


SCHEMAS: Final = (
    Schema(
        "info:lc/xmlns/marcxchange-v2",
        ("unimarcxchange", "unimarcxml", "unimarc", "marcxchange", "info:srw/schema/8/unimarcxml-v0.1"),
        "UNIMARC en MarcXchange (ISO 25577)",
        UNIMARC_XML,
    ),
    Schema(
        "info:srw/schema/1/marcxml-v1.1",
        ("marcxml", "marc21", "marc", "http://www.loc.gov/MARC21/slim"),
        "MARC 21 en MARCXML",
        MARC21_XML,
    ),
    Schema(
        "info:srw/schema/1/dc-v1.1",
        ("dc", "dublincore", "http://purl.org/dc/elements/1.1/", "info:srw/schema/1/dc-schema"),
        "Dublin Core",
        DC,
    ),
    Schema(
        "info:srw/schema/1/mods-v3.7",
        ("mods", "http://www.loc.gov/mods/v3", "info:srw/schema/1/mods-v3.0", "info:srw/schema/1/mods-v3.3"),
        "MODS 3.7",
        MODS,
    ),
    Schema(
        "info:bibliobus/schema/opac", ("opac", "opacxml"), "Notice UNIMARC et exemplaires avec disponibilité", OPAC_XML
    ),
    Schema(
        "info:bibliobus/schema/opac-marc21",
        ("opac-marc21", "opacmarcxml"),
        "Notice MARC 21 et exemplaires avec disponibilité",
        OPAC_MARC21_XML,
    ),
)
"""The schemas of records, the one that is sent when none is asked for first."""
_SCHEMAS: Final = {name.lower(): schema for schema in SCHEMAS for name in (schema.identifier, *schema.names)}


def schema_named(name: str) -> Schema | None:
    """Return the schema that a wire asks for by one of its names, in any case, or by its identifier."""
    return _SCHEMAS.get(name.strip().lower())


def holdings_of(network: Network, rows: Sequence[Row]) -> list[Holding]:
    """Return the items of a record as it shows them, made of the rows of `storage.circulation.holdings`."""
    return [_holding(network, item) for item in map(HoldingRow._make, rows) if status_of(item) is not Status.WITHDRAWN]


def _holding(network: Network, item: HoldingRow) -> Holding:
    home, owner = network.libraries[item.home_id], network.libraries[item.owner_id]
    status = status_of(item)
    due = item.due_on or ("" if item.due_at is None else local_day(item.due_at, home.zone).isoformat())
    return Holding(
        owner=owner.code,
        place=home.code,
        section=item.location,
        call_number=item.call_number,
        barcode=item.barcode,
        volume=item.volume,
        status=LABELS[status][0],
        due=due,
        agency=owner.isil,
        place_name=home.name,
        available=status is Status.AVAILABLE,
        on_hold=item.hold_state is not None or bool(item.waited_for),
    )


_Key = tuple[int, str, Form]
_NONE: Final[Sequence[Row]] = []


class _Made(NamedTuple):
    """A record that was made, and what of: the versions of catalogue and record, the network, the rows of its items.

    At *stamp* all of it was seen to be still so.
    """

    stamp: object
    catalogue: int
    record: int
    revision: int
    rows: Sequence[Row]
    octets: bytes

    @property
    def size(self) -> int:
        """What it takes of memory, about."""
        return len(self.octets) + _ROW_OCTETS * (len(self.rows) + 1)


class Shelf:
    """Records that were made, each as long as what it was made of is the same; the one used longest ago goes first."""

    def __init__(self, octets: int = SHELF_OCTETS) -> None:
        self._limit = octets
        self._used = 0
        self._made: OrderedDict[_Key, _Made] = OrderedDict()

    def read(
        self, network: Network, numbers: Sequence[int], databases: Sequence[Database], form: Form
    ) -> Steps[list[bytes]]:
        """Return records as *form* puts them, in the order of *numbers*; a diagnostic for each that cannot be sent."""
        names = yield from _names(numbers, databases)
        keys = list(zip(numbers, names, repeat(form), strict=False))
        (((stamp,),),) = yield [STAMP()]
        sent: dict[int, bytes] = {}
        for key in keys:
            kept = self._made.get(key)
            if kept is None or kept.stamp != stamp or kept.revision != network.revision:
                yield from self._look(network, keys, stamp, sent)
                break
            self._made.move_to_end(key)
            sent[key[0]] = kept.octets
        return [sent[number] for number in numbers]

    def _look(self, network: Network, keys: Sequence[_Key], stamp: object, sent: dict[int, bytes]) -> Steps[None]:
        """Put into *sent* what was made and still holds, and make the rest."""
        (version,), *answers = yield [VERSION(), *holdings([number for number, _, _ in keys])]
        catalogue, revision, rows = version[0], network.revision, by_record(answers)
        missing: list[_Key] = []
        for key in keys:
            kept = self._made.get(key)
            if (
                kept is not None
                and kept.catalogue == catalogue
                and kept.revision == revision
                and kept.rows == rows.get(key[0], _NONE)
            ):
                self._made[key] = kept._replace(stamp=stamp)
                self._made.move_to_end(key)
                sent[key[0]] = kept.octets
            else:
                missing.append(key)
        if missing:
            stored = yield from fetch([number for number, _, _ in missing])
            for key, record in zip(missing, stored, strict=True):
                made = self._make(key, record, stamp, catalogue, network, rows.get(key[0], _NONE))
                self._keep(key, made)
                sent[key[0]] = made.octets

    def _make(
        self,
        key: _Key,
        record: StoredRecord | None,
        stamp: object,
        catalogue: int,
        network: Network,
        rows: Sequence[Row],
    ) -> _Made:
        version = record.version if record is not None and not record.deleted else 0
        kept = self._made.get(key)
        if kept is not None and kept.record == version and kept.revision == network.revision and kept.rows == rows:
            return kept._replace(stamp=stamp, catalogue=catalogue)  # another record has changed
        _, name, form = key
        try:
            if record is None or record.deleted:
                raise Refused(Bib1.RECORD_DELETED)  # noqa: TRY301 (all that can be wrong with a record ends here)
            octets = contents(record.iso2709, record.form, holdings_of(network, rows), form.shape, form.element_set)
            made = form.record(name, octets)
        except Refused as refused:
            made = form.diagnostic(name, refused)
        return _Made(stamp, catalogue, version, network.revision, rows, made)

    def _keep(self, key: _Key, made: _Made) -> None:
        old = self._made.pop(key, None)
        self._used += made.size - (old.size if old is not None else 0)
        self._made[key] = made
        while self._used > self._limit:
            self._used -= self._made.popitem(last=False)[1].size


def _names(numbers: Sequence[int], databases: Sequence[Database]) -> Steps[list[str]]:
    """Return for each record the name of the first of *databases* that it is in."""
    if len(databases) == 1:
        return [databases[0].name] * len(numbers)
    answers = yield [postings.TERM(DATABASES, str(database.id)) for database in databases]
    members = [(database.name, postings.union(rows)) for database, rows in zip(databases, answers, strict=True)]
    return [next((name for name, ids in members if number in ids), databases[0].name) for number in numbers]
