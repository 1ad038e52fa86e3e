"""One search of a target and its records, from the side that asks: sans-I/O, and patient with what targets do not know.

A query is asked as precisely as it can be; a target that answers that it does not know an attribute is asked in the next
simpler way (`Detail`), and the one that worked is told, so that the next query begins there. So it is with record syntaxes.

::

    Init ──▶ Search ──▶ Present ──▶ … ──▶ Close
              ▲   │ 113 114 117-123       │ 238 239
              └───┘ the next detail       └ the next syntax
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from protocols.z3950 import apdu, asn1, oids, pqf
from protocols.z3950.apdu import CloseReason, Options, Pdu, PresentStatus, ProtocolVersion
from protocols.z3950.diagnostics import Bib1
from protocols.z3950.elements import (
    AttributesPlusTerm,
    DefaultDiagFormat,
    DiagRec,
    ElementSetNames,
    IdAuthentication,
    IdPass,
    NamePlusRecord,
    Operand,
    Query,
    RecordComposition,
    Records,
    RPNQuery,
)
from protocols.z3950.errors import RemoteProtocolError
from protocols.z3950.rpn import Boolean, SentQuery, decode, encode
from protocols.z3950.schema import codec_of, resolve
from protocols.z3950.session import Association, Fault, Role

MAX_ANSWER: Final = 8 << 20
"""Octets of one PDU of a target; one that announces more is not read."""
MAX_RECORDS: Final = 500
"""Records fetched of one search."""
MAX_OCTETS: Final = 32 << 20
"""Octets of all records of one search."""
_AT_ONCE: Final = 20
_MESSAGE: Final = 1 << 20

_RECORD: Final = codec_of(NamePlusRecord)
_STRING: Final = resolve(asn1.InternationalString)[0]


class Detail(IntEnum):
    """How much is said of each term: the attribute types that are kept."""

    ALL = 0
    USE_STRUCTURE_TRUNCATION = 1
    USE = 2
    NONE = 3


_KEPT: Final = {
    Detail.ALL: None,
    Detail.USE_STRUCTURE_TRUNCATION: frozenset({1, 4, 5}),
    Detail.USE: frozenset({1}),
    Detail.NONE: frozenset[int](),
}
SIMPLER: Final = frozenset({113, 114, 116, 117, 118, 119, 120, 121, 122, 123, 3})
"""Diagnostics that a simpler query may get over (Bib-1)."""
OTHER_SYNTAX: Final = frozenset({227, 238, 239})


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a target: databases, a prefix query, syntaxes in the order of preference, how many records at most.

    *detail* is where the asking begins. *user* and *password* open the association, *charset* (a Python codec) is that of the
    terms. Raises PqfError when *query* cannot be read.
    """

    query: str
    databases: tuple[str, ...] = ("Default",)
    syntaxes: tuple[str, ...] = (oids.UNIMARC, oids.USMARC)
    element_set: str = "F"
    most: int = 10
    detail: Detail = Detail.ALL
    charset: str = "utf-8"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(slots=True)
class Retrieved:
    """What came: how many were found, the records (syntax, octets), what the target complained of, and how it was asked."""

    hits: int = 0
    records: list[tuple[str, bytes]] = field(default_factory=list)
    diagnostics: list[tuple[int, str]] = field(default_factory=list)
    detail: Detail = Detail.ALL
    syntax: str = ""
    failure: str = ""


class Retrieval:
    """The conversation with one target. Send what `start` and `receive` return; it is over when `is_over`."""

    def __init__(self, wish: Wish) -> None:
        self.result = Retrieved(detail=wish.detail)
        self.is_over = False
        self._wish = wish
        self._association = Association(Role.ORIGIN, limit=MAX_ANSWER)
        self._queries = _queries(wish)
        self._syntaxes = list(wish.syntaxes)

    def start(self) -> bytes:
        """Return the octets that open the conversation."""
        wish = self._wish
        return self._association.send(
            apdu.InitializeRequest(
                protocol_version=ProtocolVersion.VERSION_1 | ProtocolVersion.VERSION_2 | ProtocolVersion.VERSION_3,
                options=Options.SEARCH | Options.PRESENT,
                preferred_message_size=_MESSAGE,
                exceptional_record_size=_MESSAGE,
                id_authentication=_authentication(wish.user, wish.password),
                implementation_name="Bibliobus origin",
            )
        )

    def receive(self, data: bytes) -> bytes:
        """Take what the target sent; return what to send."""
        out = b""
        for pdu in self._association.receive(data):
            if self.is_over:
                break
            if isinstance(pdu, Fault):
                self._fail(str(pdu.error))
                break
            try:
                self._association.accept(pdu)
                out += self._answer(pdu)
            except RemoteProtocolError as error:
                self._fail(str(error))
        return out

    def lost(self) -> None:
        """Note that the connection has ended."""
        if not self.is_over:
            self._fail("the target hung up")

    def _fail(self, why: str) -> None:
        self.result.failure = why
        self.is_over = True

    def _end(self) -> bytes:
        self.is_over = True
        return self._association.close(CloseReason.FINISHED)

    def _answer(self, pdu: Pdu) -> bytes:
        if isinstance(pdu, apdu.InitializeResponse):
            if pdu.result:
                return self._search()
            self._fail("the target refuses the association")
        elif isinstance(pdu, apdu.SearchResponse):
            return self._searched(pdu)
        elif isinstance(pdu, apdu.PresentResponse):
            return self._presented(pdu)
        elif isinstance(pdu, apdu.Close):
            self._fail(f"the target closed the association: {pdu.diagnostic_information or pdu.close_reason}"[:200])
        else:
            self._fail(f"the target sent a {type(pdu).__name__} that was not asked for")
        return b""

    def _search(self) -> bytes:
        detail, query = next(self._queries)
        self.result.detail = detail
        return self._association.send(
            apdu.SearchRequest(
                small_set_upper_bound=0,
                large_set_lower_bound=1,
                medium_set_present_number=0,
                replace_indicator=True,
                result_set_name="default",
                database_names=self._wish.databases,
                query=Query(type_1=query),
            )
        )

    def _searched(self, response: apdu.SearchResponse) -> bytes:
        found = _diagnostics(response.records)
        if response.search_status and response.result_count >= 0:
            self.result.hits = response.result_count
            return self._present() if response.result_count else self._end()
        self.result.diagnostics += found
        if any(code in SIMPLER for code, _ in found):
            try:
                return self._search()
            except StopIteration:
                pass
        self.result.failure = told(found) or "the target refuses the search"
        return self._end()

    def _present(self) -> bytes:
        had = len(self.result.records)
        wanted = min(self._wish.most, MAX_RECORDS, self.result.hits)
        if had >= wanted or not self._syntaxes:
            return self._end()
        names = ElementSetNames(generic_element_set_name=self._wish.element_set)
        return self._association.send(
            apdu.PresentRequest(
                result_set_id="default",
                result_set_start_point=had + 1,
                number_of_records_requested=min(_AT_ONCE, wanted - had),
                record_composition=RecordComposition(simple=names),
                preferred_record_syntax=self._syntaxes[0],
            )
        )

    def _presented(self, response: apdu.PresentResponse) -> bytes:
        records = list(_records(response.records))
        complaints = [each for each in records if isinstance(each, DefaultDiagFormat)]
        found = [*_diagnostics(response.records), *map(_condition, complaints)]
        self.result.diagnostics += found
        good = [each for each in records if not isinstance(each, DefaultDiagFormat)]
        if not self.result.records and not good and any(code in OTHER_SYNTAX for code, _ in found):
            del self._syntaxes[0]
            if self._syntaxes:
                return self._present()
            self.result.failure = told(found)
            return self._end()
        self.result.records = (self.result.records + good)[: self._wish.most]
        if good:
            self.result.syntax = good[0][0]
        if sum(len(octets) for _, octets in self.result.records) > MAX_OCTETS:
            self.result.failure = f"more than {MAX_OCTETS} octets of records"
            return self._end()
        if response.present_status == PresentStatus.FAILURE or complaints or not good:
            self.result.failure = told(found)  # what came is kept
            return self._end()
        return self._present()


def told(found: list[tuple[int, str]]) -> str:
    """Return diagnostics in words."""
    known = {code.value: code.meaning for code in Bib1}
    return "; ".join(f"{code} {known.get(code, '')} {addinfo}".strip() for code, addinfo in found)[:300]


def _authentication(user: str, password: str) -> IdAuthentication | None:
    if not user:
        return None
    return IdAuthentication(id_pass=IdPass(user_id=user, password=password))


def _queries(wish: Wish) -> Iterator[tuple[Detail, RPNQuery]]:
    """Yield the ways to ask, each simpler than the one before; a way that changes nothing is left out."""
    whole = pqf.parse(wish.query)
    last = b""

    def all_ways() -> Iterator[tuple[Detail, RPNQuery]]:
        nonlocal last
        for detail in Detail:
            rpn = encode(_simplified(decode(whole.rpn), _KEPT[detail], wish.charset))
            if detail >= wish.detail and rpn != last:
                last = rpn
                yield detail, RPNQuery(attribute_set=whole.attribute_set, rpn=rpn)

    return all_ways()


def _simplified(node: SentQuery, kept: frozenset[int] | None, charset: str) -> SentQuery:
    """Return a query with the attributes of the types *kept* (None: all), its terms in *charset*."""
    if isinstance(node, Boolean):
        return Boolean(node.operator, _simplified(node.left, kept, charset), _simplified(node.right, kept, charset))
    if node.attr_term is None:
        return node
    attributes = node.attr_term.attributes
    if kept is not None:
        attributes = tuple(each for each in attributes if each.attribute_type in kept)
    term = node.attr_term.term
    if term.general is not None:
        term = type(term)(general=term.general.decode().encode(charset, "replace"))
    return Operand(attr_term=AttributesPlusTerm(attributes=attributes, term=term))


def _condition(found: DefaultDiagFormat) -> tuple[int, str]:
    info = found.addinfo
    return found.condition, (info.v2_addinfo if info.v3_addinfo is None else info.v3_addinfo) or ""


def _formats(found: DiagRec | None) -> Iterator[DefaultDiagFormat]:
    if found is not None and found.default_format is not None:
        yield found.default_format


def _diagnostics(records: Records | None) -> list[tuple[int, str]]:
    """Return the diagnostics that stand in place of records."""
    if records is None:
        return []
    single = records.non_surrogate_diagnostic
    several = records.multiple_non_sur_diagnostics or ()
    found = [single] if single is not None else [each for one in several for each in _formats(one)]
    return [_condition(each) for each in found]


def _records(records: Records | None) -> Iterator[tuple[str, bytes] | DefaultDiagFormat]:
    """Yield each record (syntax, octets) or the diagnostic in its place. Raises MalformedPdu."""
    for encoded in (records.response_records if records is not None else None) or ():
        found: Any = _RECORD.decode(encoded).record
        yield from _formats(found.surrogate_diagnostic)
        external = found.retrieval_record
        if external is None:
            continue
        octets = external.octet_aligned
        if octets is None and external.single_asn1_type is not None and external.direct_reference == oids.SUTRS:
            octets = _STRING.decode(external.single_asn1_type).encode()
        if octets is not None:
            yield external.direct_reference or "", octets
