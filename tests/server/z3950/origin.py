"""An origin for tests, made of the sans-I/O package, and a small catalogue for it to search."""

from __future__ import annotations

from collections import deque
from typing import Any

from sqlalchemy import Connection, update
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from protocols.marc.canonical import canonical
from protocols.marc.display import short
from protocols.marc.format import Format
from protocols.marc.record import Field, Record, Subfield
from protocols.z3950 import apdu, asn1, elements, oids, pqf
from protocols.z3950.apdu import Close, CloseReason, Options, Pdu
from protocols.z3950.elements import ElementSetNames, NamePlusRecord, RecordComposition
from protocols.z3950.schema import codec_of, resolve
from protocols.z3950.session import Association, Fault, Role
from storage import schema
from storage.catalogue.records import NewRecord, save_records
from tests.network import NOW

_RECORD = codec_of(NamePlusRecord)
_STRING = resolve(asn1.InternationalString)[0]


class Origin(Protocol):
    """One association, from the side that asks."""

    transport: Any

    def __init__(self) -> None:
        self.association = Association(Role.ORIGIN)
        self.lost: Deferred[None] = Deferred()
        self._got: deque[Pdu] = deque()
        self._waiting: deque[Deferred[Pdu]] = deque()

    def dataReceived(self, data: bytes) -> None:
        for pdu in self.association.receive(data):
            assert not isinstance(pdu, Fault)
            self.association.accept(pdu)
            if self._waiting:
                self._waiting.popleft().callback(pdu)
            else:
                self._got.append(pdu)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(None)

    def next(self) -> Deferred[Any]:
        """Return the next PDU of the target, when it comes."""
        waiting: Deferred[Any] = Deferred()
        if self._got:
            waiting.callback(self._got.popleft())
        else:
            self._waiting.append(waiting)
        return waiting

    def ask(self, pdu: Pdu) -> Deferred[Any]:
        """Send a request, and return its response."""
        self.transport.write(self.association.send(pdu))
        return self.next()

    async def opened(self, version: int = 3, **changes: Any) -> Origin:
        """Send an Init that is accepted."""
        response = await self.ask(init(version, **changes))
        assert response.result
        return self

    async def count(self, query: str | elements.Query, *databases: str, **changes: Any) -> int:
        """Search, and return how many were found."""
        response = await self.ask(search(query, *databases, **changes))
        assert response.search_status, refused(response)
        found: int = response.result_count
        return found

    async def leave(self) -> None:
        """Close the association as the standard wants it, and wait for the end of the connection."""
        octets = self.association.close(CloseReason.FINISHED)
        if octets:
            self.transport.write(octets)
            assert isinstance(await self.next(), Close)
        else:
            self.transport.loseConnection()
        await self.lost


def refused(response: Any) -> tuple[int, str]:
    """Return condition and addinfo of the one diagnostic that stands in place of records."""
    assert response.records is not None
    diagnostic = response.records.non_surrogate_diagnostic
    assert diagnostic is not None
    addinfo = diagnostic.addinfo
    return diagnostic.condition, addinfo.v2_addinfo if addinfo.v3_addinfo is None else addinfo.v3_addinfo


def records(response: Any) -> list[Any]:
    """Return the NamePlusRecords of a response."""
    return [_RECORD.decode(record) for record in response.records.response_records]


def texts(response: Any) -> list[str]:
    """Return the contents of the records of a response."""
    return [text_of(record) for record in records(response)]


def text_of(record: Any) -> str:
    """Return the contents of a NamePlusRecord."""
    external = record.record.retrieval_record
    if external.direct_reference == oids.SUTRS:
        text: str = _STRING.decode(external.single_asn1_type)
        return text
    octets: bytes = external.octet_aligned
    return octets.decode()


def surrogates(response: Any) -> list[int]:
    """Return the conditions of the diagnostics that stand for records, 0 for a record."""
    diagnostics = [record.record.surrogate_diagnostic for record in records(response)]
    return [0 if each is None else each.default_format.condition for each in diagnostics]


def init(version: int = 3, **changes: Any) -> apdu.InitializeRequest:
    """Return an Init as YAZ's clients send it."""
    fields: dict[str, Any] = {
        "reference_id": b"init",
        "protocol_version": (1 << version) - 1,
        "options": Options.SEARCH | Options.PRESENT | Options.DEL_SET | Options.SCAN | Options.NAMED_RESULT_SETS,
        "preferred_message_size": 1 << 26,
        "exceptional_record_size": 1 << 26,
    }
    return apdu.InitializeRequest(**{**fields, **changes})


def search(query: str | elements.Query, *databases: str, **changes: Any) -> apdu.SearchRequest:
    """Return a Search, for a prefix query as a rule, without records in its response."""
    fields: dict[str, Any] = {
        "reference_id": b"search",
        "small_set_upper_bound": 0,
        "large_set_lower_bound": 1,
        "medium_set_present_number": 0,
        "replace_indicator": True,
        "result_set_name": "default",
        "database_names": databases or ("network",),
        "query": elements.Query(type_1=pqf.parse(query)) if isinstance(query, str) else query,
    }
    return apdu.SearchRequest(**{**fields, **changes})


def present(start: int, number: int, syntax: str | None = oids.UNIMARC, names: str | None = "F", **changes: Any) -> Any:
    """Return a Present of *number* records."""
    fields: dict[str, Any] = {
        "reference_id": b"present",
        "result_set_id": "default",
        "result_set_start_point": start,
        "number_of_records_requested": number,
        "record_composition": None if names is None else RecordComposition(simple=generic(names)),
        "preferred_record_syntax": syntax,
    }
    return apdu.PresentRequest(**{**fields, **changes})


def generic(name: str) -> ElementSetNames:
    """Return an element set name for all databases."""
    return ElementSetNames(generic_element_set_name=name)


# --- a catalogue --------------------------------------------------------------------------------------------------------


def _field(tag: str, *subfields: str, indicators: str = "  ") -> Field:
    return Field(tag, "", indicators, [Subfield(part[0], part[1:]) for part in subfields])


def unimarc(control: str, title: str, forename: str, surname: str, isbn: str, year: str, *more: Field) -> NewRecord:
    """Return a small UNIMARC record."""
    fields = [
        Field("001", control),
        _field("010", f"a{isbn}"),
        _field("100", f"a20260101d{year}    u  y0frey50      ba"),
        _field("200", f"a{title}", f"f{forename} {surname}"),
        _field("210", "aParis", "cFasquelle", f"d{year}"),
        *more,
        _field("700", f"a{surname}", f"b{forename}", indicators=" 1"),
    ]
    return _saved(control, Record("00000nam  22000003  450 ", fields), Format.UNIMARC)


def marc21(control: str, title: str, author: str) -> NewRecord:
    """Return a small MARC21 record."""
    fields = [
        Field("001", control),
        Field("008", "260101s1862    fr                  fre  "),
        _field("100", f"a{author}", indicators="1 "),
        _field("245", f"a{title}"),
    ]
    return _saved(control, Record("00000nam a22000003a 4500", fields), Format.MARC21)


def _saved(control: str, record: Record, form: Format) -> NewRecord:
    made = canonical(record.leader.encode(), record.raw_fields(), form)
    brief = short(made.fields, form)
    return NewRecord("TEST", control, form, made.to_iso2709(), brief.title, brief.author)


GERMINAL, TERRE, OEUVRE, MISERABLES = 1, 2, 3, 4
PAGES = 45
"""Records of the title "Page n"."""


def fill_catalogue(connection: Connection) -> None:
    """Save the catalogue: Zola, Hugo in MARC21, and many of one title; items I1 and I2 are of Germinal."""
    novels = [
        unimarc("z1", "Germinal", "Émile", "Zola", "9782253004226", "1885", _field("606", "aMines", "xGrèves")),
        unimarc("z2", "La Terre", "Émile", "Zola", "2253002860", "1887"),
        unimarc("z3", "L'Œuvre", "Émile", "Zola", "9782070374595", "1886", _field("300", "a" + "é" * 3000)),
        marc21("h1", "Les Misérables", "Hugo, Victor"),
    ]
    pages = [unimarc(f"p{n:03}", f"Page {n}", "Anne", "Onyme", f"97800000{n:05}", "1999") for n in range(PAGES)]
    save_records(connection, [*novels, *pages], [1], NOW)
    connection.execute(
        schema.database.insert(), [{"name": "lens", "title": "Lens"}, {"name": "vide", "title": "Nothing"}]
    )
    save_records(connection, novels[:2], [2], NOW)
    connection.execute(update(schema.item).where(schema.item.c.id.in_([1, 2])).values(record_id=GERMINAL))
