"""One search of a target and its records, from the side that asks: sans-I/O, and patient with what targets do not know.

A query is asked as precisely as it can be. A target that answers that it does not know an attribute is asked again without
those of that type (`simpler`), and what was left out is told, so that the next query begins there. So it is with record syntaxes.

::

    Init ──▶ Search ──▶ Present ──▶ Segment … ──▶ … ──▶ Close
              ▲   │ 113 114 117-123                 │ 238 239
              └───┘ the next simpler                └ the next syntax
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from protocols.z3950 import apdu, asn1, oids, pqf
from protocols.z3950.apdu import CloseReason, Options, Pdu, PresentStatus, ProtocolVersion
from protocols.z3950.diagnostics import Bib1
from protocols.z3950.elements import (
    AttributesPlusTerm,
    DefaultDiagFormat,
    DiagRec,
    ElementSetNames,
    External,
    IdAuthentication,
    IdPass,
    Operand,
    Query,
    RecordComposition,
    Records,
    RPNQuery,
)
from protocols.z3950.errors import LimitExceeded, MalformedPdu, RemoteProtocolError
from protocols.z3950.negotiation import reasons
from protocols.z3950.records import Pieces
from protocols.z3950.rpn import Boolean, SentQuery, decode, encode
from protocols.z3950.schema import resolve
from protocols.z3950.session import Association, Fault, Role

MAX_ANSWER: Final = 8 << 20
"""Octets of one PDU of a target; one that announces more is not read."""
MAX_RECORDS: Final = 500
"""Records fetched of one search."""
MAX_RECORD: Final = 8 << 20
"""Octets of one record that comes in fragments."""
MAX_OCTETS: Final = 32 << 20
"""Octets of all records of one search."""
MAX_SEGMENTS: Final = 1_000
"""Segments before the response to one Present."""
_AT_ONCE: Final = 20
_MESSAGE: Final = 1 << 20
_SEGMENTATION: Final = Options.LEVEL_1_SEGMENTATION | Options.LEVEL_2_SEGMENTATION

_STRING: Final = resolve(asn1.InternationalString)[0]
MAX_DIAGNOSTICS: Final = 20
MAX_ADDINFO: Final = 200
"""What is kept of what a target complains of: so many, and so many characters of each."""
USE: Final = 1
"""The attribute type without which a query means something else: what is left out of one may be said in the next."""
_NAMED: Final = {117: 2, 119: 3, 118: 4, 120: 5, 122: 6}
"""Diagnostics that name the attribute type which a target does not take as it was sent (Bib-1)."""
_STEPS: Final = (frozenset({2, 3, 6}), frozenset({2, 3, 4, 5, 6}), frozenset({USE, 2, 3, 4, 5, 6}))
"""What is left out where a diagnostic names no type, or one that was not sent."""
UNSUPPORTED_TYPE: Final = 113
SIMPLER: Final = frozenset({3, UNSUPPORTED_TYPE, 114, 116, 121, 123, *_NAMED})
"""Diagnostics that a simpler query may get over (Bib-1)."""
SYNTAX_UNKNOWN: Final = 239
OTHER_SYNTAX: Final = frozenset({227, 238, SYNTAX_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a target: databases, a prefix query, syntaxes in the order of preference, how many records at most.

    *left_out* are attribute types that are not sent. *user* and *password* open the association, *charset* (a Python codec) is
    that of the terms. *message_size* are the octets that a message of the target should not exceed. Raises PqfError when *query*
    cannot be read.
    """

    query: str
    databases: tuple[str, ...] = ("Default",)
    syntaxes: tuple[str, ...] = (oids.UNIMARC, oids.USMARC)
    element_set: str = "F"
    most: int = 10
    left_out: frozenset[int] = frozenset()
    charset: str = "utf-8"
    message_size: int = _MESSAGE
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(slots=True)
class Retrieved:
    """What came: how many were found, the records (syntax, octets), what the target complained of, and how it was asked.

    *left_out* are the attribute types that were not sent, *syntax* is the one that was asked for, both in the end.
    """

    hits: int = 0
    records: list[tuple[str, bytes]] = field(default_factory=list)
    diagnostics: list[tuple[int, str]] = field(default_factory=list)
    left_out: frozenset[int] = frozenset()
    syntax: str = ""
    failure: str = ""


class Retrieval:
    """The conversation with one target. Send what `start` and `receive` return; it is over when `is_over`."""

    def __init__(self, wish: Wish) -> None:
        self.result = Retrieved(left_out=wish.left_out)
        self.is_over = False
        self._wish = wish
        self._association = Association(Role.ORIGIN, limit=MAX_ANSWER)
        self._query = pqf.parse(wish.query)
        self._said = frozenset(_types(decode(self._query.rpn)))
        self._syntaxes = list(wish.syntaxes)
        self._passed = 0
        self._octets = 0
        self._present_begins()

    def start(self) -> bytes:
        """Return the octets that open the conversation."""
        wish = self._wish
        return self._association.send(
            apdu.InitializeRequest(
                protocol_version=ProtocolVersion.VERSION_1 | ProtocolVersion.VERSION_2 | ProtocolVersion.VERSION_3,
                options=Options.SEARCH | Options.PRESENT | _SEGMENTATION,
                preferred_message_size=wish.message_size,
                exceptional_record_size=max(wish.message_size, _MESSAGE),
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

    def _complain(self, found: list[tuple[int, str]]) -> None:
        self.result.diagnostics = (self.result.diagnostics + found)[:MAX_DIAGNOSTICS]

    def _end(self) -> bytes:
        self.is_over = True
        return self._association.close(CloseReason.FINISHED)

    def _answer(self, pdu: Pdu) -> bytes:
        if isinstance(pdu, apdu.InitializeResponse):
            if pdu.result:
                return self._search()
            self._complain([_condition(each) for each in reasons(pdu)])
            self._fail(f"the target refuses the association {told(self.result.diagnostics)}".strip())
        elif isinstance(pdu, apdu.SearchResponse):
            return self._searched(pdu)
        elif isinstance(pdu, apdu.Segment) and self._presenting and self._association.options & _SEGMENTATION:
            self._segment(pdu)
        elif isinstance(pdu, apdu.PresentResponse) and self._presenting:
            return self._presented(pdu)
        elif isinstance(pdu, apdu.Close):
            self._fail(f"the target closed the association: {pdu.diagnostic_information or pdu.close_reason}"[:200])
        else:
            self._fail(f"the target sent a {type(pdu).__name__} that was not asked for")
        return b""

    def _search(self) -> bytes:
        rpn = encode(_simplified(decode(self._query.rpn), self.result.left_out, self._wish.charset))
        query = RPNQuery(attribute_set=self._query.attribute_set, rpn=rpn)
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
        self._complain(found)
        left_out = simpler(self.result.left_out, self._said, found)
        if left_out is not None:
            self.result.left_out = left_out
            return self._search()
        self.result.failure = told(found) or "the target refuses the search"
        return self._end()

    def _present_begins(self, *, presenting: bool = False) -> None:
        self._presenting = presenting
        self._segments = 0
        self._pieces = Pieces(MAX_RECORD)
        self._found: list[tuple[int, str]] = []
        self._before = self._passed

    def _present(self) -> bytes:
        wanted = min(self._wish.most, MAX_RECORDS, self.result.hits) - self._passed
        if wanted <= 0 or not self._syntaxes:
            return self._end()
        self.result.syntax = self._syntaxes[0]
        self._present_begins(presenting=True)
        names = ElementSetNames(generic_element_set_name=self._wish.element_set)
        return self._association.send(
            apdu.PresentRequest(
                result_set_id="default",
                result_set_start_point=self._passed + 1,
                number_of_records_requested=min(_AT_ONCE, wanted),
                record_composition=RecordComposition(simple=names),
                preferred_record_syntax=self._syntaxes[0],
            )
        )

    def _segment(self, segment: apdu.Segment) -> None:
        """Keep the records that precede a response. Raises MalformedPdu, LimitExceeded."""
        self._segments += 1
        if self._segments > MAX_SEGMENTS:
            raise LimitExceeded(f"more than {MAX_SEGMENTS} segments of one response")
        self._take(segment.segment_records)

    def _take(self, records: Iterable[bytes]) -> None:
        """Keep the records of a message, and the diagnostics in their places. Raises MalformedPdu, LimitExceeded."""
        for encoded in records:
            self._octets += len(encoded)
            if self._octets > MAX_OCTETS:
                raise LimitExceeded(f"more than {MAX_OCTETS} octets of records")
            record = self._pieces.add(encoded)
            if record is None:
                continue
            self._passed += 1
            self._found += map(_condition, _formats(record.surrogate_diagnostic))
            good = _contents(record.retrieval_record)
            if good is not None and len(self.result.records) < self._wish.most:
                self.result.records.append(good)

    def _presented(self, response: apdu.PresentResponse) -> bytes:
        self._take((response.records.response_records if response.records is not None else None) or ())
        if not self._pieces.is_whole:
            raise MalformedPdu("a record in fragments without its end")
        self._presenting = False
        found = [*_diagnostics(response.records), *self._found]
        self._complain(found)
        if not self.result.records and any(code in OTHER_SYNTAX for code, _ in found):
            del self._syntaxes[0]
            self._passed = self._before
            if self._syntaxes:
                return self._present()
            self.result.failure = told(found)
            return self._end()
        self.result.failure = told(found) or self.result.failure  # what came is kept
        if response.present_status == PresentStatus.FAILURE or self._passed == self._before:
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


def simpler(left_out: frozenset[int], said: frozenset[int], found: list[tuple[int, str]]) -> frozenset[int] | None:
    """Return what to leave out of a query next, None where that would change nothing or is not what the target minds.

    *said* are the attribute types of the whole query, *found* the diagnostics that it was answered with.
    """
    codes = {code for code, _ in found}
    if codes.isdisjoint(SIMPLER):
        return None
    still = said - left_out
    named = {_NAMED[code] for code in codes & _NAMED.keys()}
    named |= {
        int(addinfo) for code, addinfo in found if code == UNSUPPORTED_TYPE and addinfo in {"2", "3", "4", "5", "6"}
    }
    if named & still:
        return left_out | named
    return next((left_out | step for step in _STEPS if step & still), None)


def _types(node: SentQuery) -> Iterator[int]:
    """Yield the attribute types that a query says."""
    if isinstance(node, Boolean):
        yield from _types(node.left)
        yield from _types(node.right)
    elif node.attr_term is not None:
        yield from (each.attribute_type for each in node.attr_term.attributes)


def _simplified(node: SentQuery, left_out: frozenset[int], charset: str) -> SentQuery:
    """Return a query without attributes of the types *left_out*, its terms in *charset*."""
    if isinstance(node, Boolean):
        return Boolean(node.operator, *(_simplified(each, left_out, charset) for each in (node.left, node.right)))
    if node.attr_term is None:
        return node
    attributes = tuple(each for each in node.attr_term.attributes if each.attribute_type not in left_out)
    term = node.attr_term.term
    if term.general is not None:
        term = type(term)(general=term.general.decode().encode(charset, "replace"))
    return Operand(attr_term=AttributesPlusTerm(attributes=attributes, term=term))


def _condition(found: DefaultDiagFormat) -> tuple[int, str]:
    info = found.addinfo
    said = (info.v2_addinfo if info.v3_addinfo is None else info.v3_addinfo) or ""
    return found.condition, said[:MAX_ADDINFO]


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


def _contents(external: External | None) -> tuple[str, bytes] | None:
    """Return syntax and octets of a record, None for what is in no form that is read here. Raises MalformedPdu."""
    if external is None:
        return None
    octets = external.octet_aligned
    if octets is None and external.single_asn1_type is not None and external.direct_reference == oids.SUTRS:
        octets = _STRING.decode(external.single_asn1_type).encode()
    return None if octets is None else (external.direct_reference or "", octets)
