"""The PDUs that the kit sends and reads: one table, against which every answer is held (tags, their order, what must be there)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from conformance.results import Failed
from conformance.z3950 import ber
from conformance.z3950.ber import BerError, Node


class Member(NamedTuple):
    """A member of a PDU: its name, tag and kind, whether it may be missing, whether the tag is universal."""

    name: str
    tag: int
    kind: str
    optional: bool = True
    universal: bool = False


_REFERENCE: Final = Member("referenceId", 2, "octets")
_OTHER: Final = Member("otherInfo", 201, "nodes")
_RECORDS: Final = (
    Member("responseRecords", 28, "nodes"),
    Member("nonSurrogateDiagnostic", 130, "nodes"),
    Member("multipleNonSurDiagnostics", 205, "nodes"),
)
_INIT: Final = (
    Member("protocolVersion", 3, "bits", optional=False),
    Member("options", 4, "bits", optional=False),
    Member("preferredMessageSize", 5, "int", optional=False),
    Member("exceptionalRecordSize", 6, "int", optional=False),
)
_IMPLEMENTATION: Final = (
    Member("implementationId", 110, "text"),
    Member("implementationName", 111, "text"),
    Member("implementationVersion", 112, "text"),
    Member("userInformationField", 11, "nodes"),
)

PDUS: Final[dict[str, tuple[int, tuple[Member, ...]]]] = {
    "initRequest": (20, (_REFERENCE, *_INIT, Member("idAuthentication", 7, "nodes"), *_IMPLEMENTATION, _OTHER)),
    "initResponse": (21, (_REFERENCE, *_INIT, Member("result", 12, "bool", optional=False), *_IMPLEMENTATION, _OTHER)),
    "searchRequest": (22, (
        _REFERENCE,
        Member("smallSetUpperBound", 13, "int", optional=False),
        Member("largeSetLowerBound", 14, "int", optional=False),
        Member("mediumSetPresentNumber", 15, "int", optional=False),
        Member("replaceIndicator", 16, "bool", optional=False),
        Member("resultSetName", 17, "text", optional=False),
        Member("databaseNames", 18, "nodes", optional=False),
        Member("smallSetElementSetNames", 100, "nodes"),
        Member("mediumSetElementSetNames", 101, "nodes"),
        Member("preferredRecordSyntax", 104, "oid"),
        Member("query", 21, "nodes", optional=False),
        Member("additionalSearchInfo", 203, "nodes"),
        _OTHER,
    )),
    "searchResponse": (23, (
        _REFERENCE,
        Member("resultCount", 23, "int", optional=False),
        Member("numberOfRecordsReturned", 24, "int", optional=False),
        Member("nextResultSetPosition", 25, "int", optional=False),
        Member("searchStatus", 22, "bool", optional=False),
        Member("resultSetStatus", 26, "int"),
        Member("presentStatus", 27, "int"),
        *_RECORDS,
        Member("additionalSearchInfo", 203, "nodes"),
        _OTHER,
    )),
    "presentRequest": (24, (
        _REFERENCE,
        Member("resultSetId", 31, "text", optional=False),
        Member("resultSetStartPoint", 30, "int", optional=False),
        Member("numberOfRecordsRequested", 29, "int", optional=False),
        Member("additionalRanges", 212, "nodes"),
        Member("simple", 19, "nodes"),
        Member("complex", 209, "nodes"),
        Member("preferredRecordSyntax", 104, "oid"),
        Member("maxSegmentCount", 204, "int"),
        Member("maxRecordSize", 206, "int"),
        Member("maxSegmentSize", 207, "int"),
        _OTHER,
    )),
    "presentResponse": (25, (
        _REFERENCE,
        Member("numberOfRecordsReturned", 24, "int", optional=False),
        Member("nextResultSetPosition", 25, "int", optional=False),
        Member("presentStatus", 27, "int", optional=False),
        *_RECORDS,
        _OTHER,
    )),
    "deleteResultSetRequest": (26, (
        _REFERENCE,
        Member("deleteFunction", 32, "int", optional=False),
        Member("resultSetList", ber.SEQUENCE, "nodes", universal=True),
        _OTHER,
    )),
    "deleteResultSetResponse": (27, (
        _REFERENCE,
        Member("deleteOperationStatus", 0, "int", optional=False),
        Member("deleteListStatuses", 1, "nodes"),
        Member("numberNotDeleted", 34, "int"),
        Member("bulkStatuses", 35, "nodes"),
        Member("deleteMessage", 36, "text"),
        _OTHER,
    )),
    "accessControlRequest": (28, (
        _REFERENCE,
        Member("simpleForm", 37, "octets"),
        Member("externallyDefined", 0, "nodes"),
        _OTHER,
    )),
    "accessControlResponse": (29, (
        _REFERENCE,
        Member("simpleForm", 38, "octets"),
        Member("externallyDefined", 0, "nodes"),
        Member("diagnostic", 223, "nodes"),
        _OTHER,
    )),
    "triggerResourceControlRequest": (32, (
        _REFERENCE,
        Member("requestedAction", 46, "int", optional=False),
        Member("prefResourceReportFormat", 47, "oid"),
        Member("resultSetWanted", 48, "bool"),
        _OTHER,
    )),
    "resourceReportRequest": (33, (
        _REFERENCE,
        Member("opId", 210, "octets"),
        Member("prefResourceReportFormat", 49, "oid"),
        _OTHER,
    )),
    "resourceReportResponse": (34, (
        _REFERENCE,
        Member("resourceReportStatus", 50, "int", optional=False),
        Member("resourceReport", 51, "nodes"),
        _OTHER,
    )),
    "scanRequest": (35, (
        _REFERENCE,
        Member("databaseNames", 3, "nodes", optional=False),
        Member("attributeSet", ber.OID, "oid", universal=True),
        Member("termListAndStartPoint", 102, "nodes", optional=False),
        Member("stepSize", 5, "int"),
        Member("numberOfTermsRequested", 6, "int", optional=False),
        Member("preferredPositionInResponse", 7, "int"),
        _OTHER,
    )),
    "scanResponse": (36, (
        _REFERENCE,
        Member("stepSize", 3, "int"),
        Member("scanStatus", 4, "int", optional=False),
        Member("numberOfEntriesReturned", 5, "int", optional=False),
        Member("positionOfTerm", 6, "int"),
        Member("entries", 7, "nodes"),
        Member("attributeSet", 8, "oid"),
        _OTHER,
    )),
    "sortRequest": (43, (
        _REFERENCE,
        Member("inputResultSetNames", 3, "nodes", optional=False),
        Member("sortedResultSetName", 4, "text", optional=False),
        Member("sortSequence", 5, "nodes", optional=False),
        _OTHER,
    )),
    "sortResponse": (44, (
        _REFERENCE,
        Member("sortStatus", 3, "int", optional=False),
        Member("resultSetStatus", 4, "int"),
        Member("diagnostics", 5, "nodes"),
        Member("resultCount", 6, "int"),
        _OTHER,
    )),
    "segment": (45, (
        _REFERENCE,
        Member("numberOfRecordsReturned", 24, "int", optional=False),
        Member("segmentRecords", 0, "nodes", optional=False),
        _OTHER,
    )),
    "extendedServicesRequest": (46, (
        _REFERENCE,
        Member("function", 3, "int", optional=False),
        Member("packageType", 4, "oid", optional=False),
        Member("packageName", 5, "text"),
        Member("userId", 6, "text"),
        Member("retentionTime", 7, "nodes"),
        Member("permissions", 8, "nodes"),
        Member("description", 9, "text"),
        Member("taskSpecificParameters", 10, "nodes"),
        Member("waitAction", 11, "int", optional=False),
        Member("elements", 103, "text"),
        _OTHER,
    )),
    "extendedServicesResponse": (47, (
        _REFERENCE,
        Member("operationStatus", 3, "int", optional=False),
        Member("diagnostics", 4, "nodes"),
        Member("taskPackage", 5, "nodes"),
        _OTHER,
    )),
    "close": (48, (
        _REFERENCE,
        Member("closeReason", 211, "int", optional=False),
        Member("diagnosticInformation", 3, "text"),
        Member("resourceReportFormat", 4, "oid"),
        Member("resourceReport", 5, "nodes"),
        _OTHER,
    )),
}  # fmt: skip
TASK_PACKAGE: Final = (
    Member("packageType", 1, "oid", optional=False),
    Member("packageName", 2, "text"),
    Member("userId", 3, "text"),
    Member("retentionTime", 4, "nodes"),
    Member("permissions", 5, "nodes"),
    Member("description", 6, "text"),
    Member("targetReference", 7, "octets"),
    Member("creationDateTime", 8, "text"),
    Member("taskStatus", 9, "int", optional=False),
    Member("packageDiagnostics", 10, "nodes"),
    Member("taskSpecificParameters", 11, "nodes", optional=False),
)
"""What an extended service tells of a task: no PDU, but read like one."""
_BY_TAG: Final = {tag: name for name, (tag, _) in PDUS.items()}

_WRITE: Final[dict[str, Callable[[Any], Any]]] = {
    "oid": ber.oid_octets,
    "bits": lambda sent: sent if isinstance(sent, bytes) else ber.bits(*sent),
}
_READ: Final[dict[str, Callable[[Node], Any]]] = {
    "int": lambda node: int.from_bytes(_filled(node), "big", signed=True),
    "bool": lambda node: _filled(node) != b"\x00",
    "bits": lambda node: ber.bits_of(node.octets),
    "octets": lambda node: node.octets,
    "text": lambda node: node.octets.decode(errors="replace"),
    "oid": lambda node: ber.oid_text(node.octets),
    "nodes": lambda node: node.nodes,
}


def _filled(node: Node) -> bytes:
    if not isinstance(node.content, bytes) or not node.content:
        raise BerError(f"{node.name} is empty, or no simple value")
    return node.content


@dataclass(frozen=True, slots=True)
class Pdu:
    """A PDU that was read: its name, and its members by name."""

    name: str
    members: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        """Return a member, None when it is missing."""
        return self.members.get(name)


def make(name: str, **members: Any) -> Node:
    """Return a PDU to be sent; members that are None are left out."""
    tag, table = PDUS[name]
    nodes = []
    for row in table:
        value = members.get(row.name)
        if value is not None:
            made = (ber.universal if row.universal else ber.context)(
                row.tag, _WRITE.get(row.kind, lambda it: it)(value)
            )
            nodes.append(made)
    return Node(tag, tuple(nodes))


def understood(node: Node) -> Pdu:
    """Read a PDU of the server by the table. Raises Failed, BerError."""
    name = _BY_TAG.get(node.tag)
    if node.universal or name is None:
        raise Failed(f"{node.name} is no PDU that an origin knows")
    return members_of(node, name, PDUS[name][1])


def members_of(node: Node, name: str, table: tuple[Member, ...]) -> Pdu:
    """Read the members of *name* by their table. Raises Failed, BerError."""
    members: dict[str, Any] = {}
    at = 0
    for each in node.nodes:
        found = next((n for n in range(at, len(table)) if _fits(table[n], each)), None)
        if found is None:
            raise Failed(f"{name}: {each.name} is no member of it, or out of order")
        row, at = table[found], found + 1
        members[row.name] = _READ[row.kind](each)
    missing = [row.name for row in table if not row.optional and row.name not in members]
    if missing:
        raise Failed(f"{name}: {', '.join(missing)} is missing")
    return Pdu(name, members)


def _fits(row: Member, node: Node) -> bool:
    return row.tag == node.tag and row.universal is node.universal
