"""An origin that believes nothing: it sends what it is told to, whole or broken, and holds every answer against the table."""

from __future__ import annotations

import socket
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

from conformance.results import Failed
from conformance.z3950 import ber
from conformance.z3950.ber import PLAIN, BerError, Incomplete, Node, Style, context, oid_octets, oid_text, universal
from conformance.z3950.pdus import Pdu, make, understood
from conformance.z3950.queries import BIB_1, Z3950, plain_operand, type_1

UNIMARC: Final = f"{Z3950}5.1"
USMARC: Final = f"{Z3950}5.10"
SUTRS: Final = f"{Z3950}5.101"
OPAC: Final = f"{Z3950}5.102"
GRS_1: Final = f"{Z3950}5.105"
XML: Final = f"{Z3950}5.109.10"
DEFAULT: Final = "default"
_MOST: Final = 64 << 20
OPTIONS: Final = {
    "search": 0, "present": 1, "delSet": 2, "resourceReport": 3, "triggerResourceCtrl": 4, "accessCtrl": 6, "scan": 7, "sort": 8,
    "extendedServices": 10, "level1Segmentation": 11, "level2Segmentation": 12, "namedResultSets": 14, "negotiationModel": 17,
    "queryType104": 19,
}  # fmt: skip
PROPOSED: Final = tuple({*OPTIONS.values()} - {6, 11, 12})
"""What is proposed in an Init, where a check proposes nothing else: nothing by which other PDUs come than the response."""


class Diagnostic(NamedTuple):
    """A diagnostic: its set, condition and addinfo, and whether that is of version 3."""

    diagnostic_set: str
    condition: int
    addinfo: str
    new: bool

    def __str__(self) -> str:
        return f"{self.condition} {self.addinfo!r}" if self.addinfo else str(self.condition)


class Record(NamedTuple):
    """A record of an answer: the database it names, its syntax, its octets or node, or the diagnostic that stands for it."""

    database: str | None
    syntax: str
    octets: bytes
    node: Node | None
    diagnostic: Diagnostic | None


class Entry(NamedTuple):
    """An entry of a list of terms: the term, how it is shown, and its count where one is told."""

    term: str
    shown: str | None
    number: int | None


class Closed(Failed):
    """The server closed the connection."""


@dataclass(slots=True)
class Account:
    """Who asks: a user, perhaps in a group, and a password; nobody where the user is empty."""

    user: str = ""
    password: str = field(default="", repr=False)
    group: str = ""

    def node(self, form: str = "") -> Node | None:
        """Return the idAuthentication, in the *form* that clients use for it or another: open, idPass, anonymous."""
        form = form or ("" if not self.user else "idPass" if self.group else "open")
        if form == "open":
            return context(7, universal(ber.VISIBLE, f"{self.user}/{self.password}".encode()))
        if form == "idPass":
            parts = (context(n, each) for n, each in enumerate((self.group, self.user, self.password)) if each)
            return context(7, ber.sequence(*parts))
        return context(7, universal(ber.NULL, b"")) if form == "anonymous" else None


class Connection:
    """One connection: octets out, PDUs in, each within *patience* seconds."""

    def __init__(self, address: tuple[str, int], trace: deque[str], patience: float) -> None:
        self.patience = patience
        self._socket = socket.create_connection(address, patience)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._trace = trace

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def write(self, octets: bytes) -> None:
        """Send octets as they are. Raises Closed."""
        try:
            self._socket.sendall(octets)
        except OSError as error:
            raise Closed(f"the connection was cut while something was sent: {error}") from None

    def send(self, pdu: Node, style: Style = PLAIN) -> None:
        """Send a PDU. Raises Closed."""
        self.write(ber.written(pdu, style))

    def half_close(self) -> None:
        """Say that no more will come."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def node(self, patience: float | None = None) -> Node:
        """Return the next PDU as it was sent. Raises Closed when there is none, Failed when it does not come in time."""
        ends = time.monotonic() + (patience or self.patience)
        size = 0
        while True:
            try:
                if len(self._buffer) >= size:
                    node, at = ber.read(bytes(self._buffer))
                    del self._buffer[:at]
                    return node
            except Incomplete:
                size = max(ber.size_of(bytes(self._buffer[:16])), len(self._buffer) + 1)
            self._more(ends)

    def _more(self, ends: float) -> None:
        self._socket.settimeout(max(0.001, ends - time.monotonic()))
        try:
            data = self._socket.recv(1 << 18)
        except TimeoutError:
            raise Failed(f"no answer in time, {len(self._buffer)} octets of one have come") from None
        except OSError as error:
            raise Closed(f"the connection was cut: {error}") from None
        if not data:
            raise Closed("the connection was closed" + (" in the middle of a PDU" if self._buffer else ""))
        if len(self._buffer) + len(data) > _MOST:
            raise Failed(f"an answer of more than {_MOST} octets")
        self._buffer += data

    def receive(self, patience: float | None = None) -> Pdu:
        """Return the next PDU. Raises Failed, Closed, BerError."""
        pdu = understood(self.node(patience))
        self._trace.append(shown(pdu))
        return pdu

    def ask(self, pdu: Node, expected: str, style: Style = PLAIN) -> Pdu:
        """Send a PDU, and return its response of the *expected* name. Raises Failed."""
        self.send(pdu, style)
        answer = self.receive()
        if answer.name != expected:
            raise Failed(f"the answer is {shown(answer)} where {expected} is due")
        return answer


class Association(Connection):
    """A connection after its Init, and the services as methods."""

    def __init__(
        self, address: tuple[str, int], trace: deque[str], patience: float, databases: tuple[str, ...]
    ) -> None:
        super().__init__(address, trace, patience)
        self.databases = databases
        self.granted: frozenset[int] = frozenset()
        self.version = 3

    def init(self, account: Account, style: Style = PLAIN, **changes: Any) -> Pdu:
        """Send an Init and return its response, accepted or not. Raises Failed."""
        members: dict[str, Any] = {
            "referenceId": b"init",
            "protocolVersion": (0, 1, 2),
            "options": PROPOSED,
            "preferredMessageSize": 1 << 24,
            "exceptionalRecordSize": 1 << 24,
            "implementationId": "conformance",
            "implementationName": "conformance kit",
            **changes,
        }
        identity = account.node()
        if identity is not None and "idAuthentication" not in changes:
            members["idAuthentication"] = identity.nodes
        answer = self.ask(make("initRequest", **members), "initResponse", style)
        self.granted = answer["options"]
        self.version = max(answer["protocolVersion"], default=-1) + 1
        return answer

    def opened(self, account: Account, **changes: Any) -> Self:
        """Send an Init that must be accepted. Raises Failed."""
        answer = self.init(account, **changes)
        if not answer["result"]:
            raise Failed(f"the Init is refused: {refusal_of_init(answer) or 'no reason is told'}")
        return self

    def search(
        self, query: str | Node, name: str = DEFAULT, *databases: str, style: Style = PLAIN, **changes: Any
    ) -> Pdu:
        """Search without records in the response, and return that. Raises Failed."""
        return self.ask(self.search_request(query, name, *databases, **changes), "searchResponse", style)

    def search_request(self, query: str | Node, name: str = DEFAULT, *databases: str, **changes: Any) -> Node:
        """Return a Search without records in its response."""
        members: dict[str, Any] = {
            "smallSetUpperBound": 0,
            "largeSetLowerBound": 1,
            "mediumSetPresentNumber": 0,
            "replaceIndicator": True,
            "resultSetName": name,
            "databaseNames": [context(105, each) for each in databases or self.databases],
            "query": type_1(query) if isinstance(query, str) else query,
            **changes,
        }
        return make("searchRequest", **members)

    def count(self, query: str | Node, name: str = DEFAULT, *databases: str, **changes: Any) -> int:
        """Search, and return how many records were found. Raises Failed when it is refused."""
        answer = self.search(query, name, *databases, **changes)
        if not answer["searchStatus"]:
            raise Failed(f"{_written(query)} is refused with {diagnostic(answer) or 'no diagnostic'}")
        found: int = answer["resultCount"]
        return found

    def refused(self, query: str | Node, name: str = DEFAULT, *databases: str, **changes: Any) -> Diagnostic | None:
        """Search, and return the diagnostic, or None when it was not refused. Raises Failed when it says nothing."""
        answer = self.search(query, name, *databases, **changes)
        if answer["searchStatus"]:
            return None
        found = diagnostic(answer)
        if found is None:
            raise Failed(f"{_written(query)} is refused without a diagnostic")
        return found

    def present(
        self, start: int, number: int, syntax: str | None = None, elements: str | None = "F", name: str = DEFAULT,
        **changes: Any,
    ) -> Pdu:  # fmt: skip
        """Ask for records, and return the response. Raises Failed."""
        request = self.present_request(start, number, syntax, elements, name, **changes)
        return self.ask(request, "presentResponse")

    def present_request(
        self, start: int, number: int, syntax: str | None = None, elements: str | None = "F", name: str = DEFAULT,
        **changes: Any,
    ) -> Node:  # fmt: skip
        """Return a Present."""
        members: dict[str, Any] = {
            "resultSetId": name,
            "resultSetStartPoint": start,
            "numberOfRecordsRequested": number,
            "simple": None if elements is None else context(0, elements),
            "preferredRecordSyntax": syntax,
            **changes,
        }
        return make("presentRequest", **members)

    def records(self, start: int, number: int, syntax: str | None = None, elements: str | None = "F") -> list[Record]:
        """Return *number* records from a place on, asked for as often as they come in parts. Raises Failed."""
        out: list[Record] = []
        while len(out) < number:
            answer = self.present(start + len(out), number - len(out), syntax, elements)
            found = records(answer)
            if not found:
                raise Failed(f"record {start + len(out)} does not come: {diagnostic(answer) or 'no diagnostic'}")
            out += found
        return out

    def scan(self, query: str, number: int = 20, position: int | None = 1, step: int | None = None) -> Pdu:
        """Ask for terms, and return the response. Raises Failed."""
        return self.ask(
            make(
                "scanRequest",
                databaseNames=[context(105, each) for each in self.databases],
                attributeSet=BIB_1,
                termListAndStartPoint=plain_operand(query).nodes,
                stepSize=step,
                numberOfTermsRequested=number,
                preferredPositionInResponse=position,
            ),
            "scanResponse",
        )

    def sort(self, *keys: Node, source: str = DEFAULT, target: str = DEFAULT) -> Pdu:
        """Ask for a set to be sorted, and return the response. Raises Failed."""
        return self.ask(
            make(
                "sortRequest",
                referenceId=b"sort",  # without one the response is so short that Wireshark waits for more
                inputResultSetNames=[universal(ber.GENERAL, source)],
                sortedResultSetName=target,
                sortSequence=keys,
            ),
            "sortResponse",
        )


def sort_key(use: int, relation: int = 0, case: int = 1) -> Node:
    """Return a SortKeySpec by a Use attribute: relation 0 ascending, 1 descending; case 1 for insensitive."""
    element = context(
        2, [universal(ber.OID, oid_octets(BIB_1)), context(44, ber.sequence(context(120, 1), context(121, use)))]
    )
    return ber.sequence(context(1, element), context(1, relation), context(2, case))


def _written(query: str | Node) -> str:
    return query if isinstance(query, str) else "the query"


# --- what is in an answer -----------------------------------------------------------------------------------------------


def default_diagnostic(nodes: tuple[Node, ...]) -> Diagnostic:
    """Read a DefaultDiagFormat. Raises Failed when it is none."""
    if (
        len(nodes) != 3
        or not all(each.universal for each in nodes)
        or (nodes[0].tag, nodes[1].tag) != (ber.OID, 2)
        or nodes[2].tag not in {ber.VISIBLE, ber.GENERAL}
    ):
        raise Failed("a diagnostic is not made of set, condition and addinfo")
    number = int.from_bytes(nodes[1].octets, "big", signed=True)
    addinfo = nodes[2].octets.decode(errors="replace")
    return Diagnostic(oid_text(nodes[0].octets), number, addinfo, nodes[2].tag == ber.GENERAL)


def _diag_rec(node: Node) -> Diagnostic:
    if node.universal and node.tag == ber.SEQUENCE:
        return default_diagnostic(node.nodes)
    return Diagnostic("", 0, "defined elsewhere", new=True)


def diagnostic(answer: Pdu) -> Diagnostic | None:
    """Return the first diagnostic that an answer gives instead of what was asked for. Raises Failed."""
    if answer["nonSurrogateDiagnostic"] is not None:
        return default_diagnostic(answer["nonSurrogateDiagnostic"])
    for name in ("multipleNonSurDiagnostics", "diagnostics"):
        if answer[name]:
            return _diag_rec(answer[name][0])
    for entries in answer["entries"] or () if answer.name == "scanResponse" else ():
        if entries.tag == 2 and entries.nodes:
            return _diag_rec(entries.nodes[0])
    return None


def refusal_of_init(answer: Pdu) -> Diagnostic | None:
    """Return the diagnostic in the userInformationField of an Init (UserInfo-1 holding diag-1), None without one."""
    try:
        external = answer["userInformationField"][0]
        unit = external.get(0).only.nodes[0]
        inner = unit.get(4).get(0).only.nodes[0]
        return default_diagnostic(inner.get(1).only.nodes)
    except (AttributeError, TypeError, IndexError, BerError):
        return None


def records(answer: Pdu) -> list[Record]:
    """Return the records of an answer. Raises Failed, BerError."""
    out: list[Record] = []
    database = None
    for each in answer["responseRecords"] or answer["segmentRecords"] or ():
        name, body = each.get(0), each.get(1)
        database = database if name is None else name.octets.decode(errors="replace")
        if body is None:
            raise Failed("a NamePlusRecord without a record")
        out.append(_record(database, body.only))
    return out


def _record(database: str | None, body: Node) -> Record:
    if body.tag == 2:
        return Record(database, "", b"", None, _diag_rec(body.only))
    if body.tag != 1:
        raise Failed(f"a fragment of a record {body.name} came, and no segmentation was agreed on")
    return retrieved(database, body.only)


def retrieved(database: str | None, external: Node) -> Record:
    """Return the record that an EXTERNAL is. Raises Failed, BerError."""
    if not external.universal or external.tag != ber.EXTERNAL:
        raise Failed("a record is no EXTERNAL")
    syntax = external.get(ber.OID, universal=True)
    single, aligned = external.get(0), external.get(1)
    if syntax is None or (single is None) is (aligned is None):
        raise Failed("a record names no syntax, or has no one value")
    return Record(
        database,
        oid_text(syntax.octets),
        b"" if aligned is None else aligned.octets,
        None if single is None else single.only,
        None,
    )


def entries(answer: Pdu) -> list[Entry]:
    """Return the terms of a list. Raises Failed."""
    out: list[Entry] = []
    for part in answer["entries"] or ():
        for each in part.nodes if part.tag == 1 else ():
            if each.tag == 1:
                term, shown_as, count = each.nodes[0], each.get(0), each.get(2)
                out.append(
                    Entry(
                        term.octets.decode(errors="replace"),
                        None if shown_as is None else shown_as.octets.decode(errors="replace"),
                        None if count is None else int.from_bytes(count.octets, "big", signed=True),
                    )
                )
    return out


def shown(pdu: Pdu) -> str:
    """Return a PDU for people: its numbers, and the diagnostic in it."""
    said = [f"{name}={value}" for name, value in pdu.members.items() if isinstance(value, int)]
    with suppress(Failed, BerError, IndexError):
        found = diagnostic(pdu)
        said += [f"diagnostic {found}"] if found else []
    return f"{pdu.name}({', '.join(said)})"
