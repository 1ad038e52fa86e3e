"""The PDUs of Z39.50, each declared once: readers, writers, reference page and test strategies come from these tables.

The names are those of the ASN.1 module Z39-50-APDU (ANSI/NISO Z39.50-2003, section 4.1), in Python's case. A PDU is
one element of a context tag; `decode` and `encode` go from one to the other and raise nothing but Z3950Error.
"""

from __future__ import annotations

import enum
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, ClassVar, Final

from protocols.z3950.asn1 import (
    BitString,
    Boolean,
    Codec,
    Integer,
    InternationalString,
    Null,
    ObjectIdentifier,
    OctetString,
    encoded,
)
from protocols.z3950.ber import constructed, identifier, length, octets
from protocols.z3950.elements import (
    AttributeList,
    AttributesPlusTerm,
    DatabaseName,
    DiagRec,
    ElementSetName,
    ElementSetNames,
    EncodedRecord,
    External,
    IdAuthentication,
    IntUnit,
    OtherInformation,
    Query,
    Range,
    RecordComposition,
    Records,
    ResultSetId,
    Specification,
    Term,
)
from protocols.z3950.schema import SECRET, Choice, Explicit, Sequence, codec_of, table


class ProtocolVersion(enum.IntFlag):
    """Bits of protocolVersion."""

    VERSION_1 = 1 << 0
    VERSION_2 = 1 << 1
    VERSION_3 = 1 << 2


class Options(enum.IntFlag):
    """Bits of options."""

    SEARCH = 1 << 0
    PRESENT = 1 << 1
    DEL_SET = 1 << 2
    RESOURCE_REPORT = 1 << 3
    TRIGGER_RESOURCE_CTRL = 1 << 4
    RESOURCE_CTRL = 1 << 5
    ACCESS_CTRL = 1 << 6
    SCAN = 1 << 7
    SORT = 1 << 8
    EXTENDED_SERVICES = 1 << 10
    LEVEL_1_SEGMENTATION = 1 << 11
    LEVEL_2_SEGMENTATION = 1 << 12
    CONCURRENT_OPERATIONS = 1 << 13
    NAMED_RESULT_SETS = 1 << 14
    ENCAPSULATION = 1 << 15
    RESULT_COUNT = 1 << 16
    NEGOTIATION_MODEL = 1 << 17
    DUPLICATE_DETECTION = 1 << 18
    QUERY_TYPE_104 = 1 << 19
    PQES_CORRECTION = 1 << 20
    STRING_SCHEMA = 1 << 21


class ResultSetStatus(enum.IntEnum):
    """What a failed search left."""

    SUBSET = 1
    INTERIM = 2
    NONE = 3
    ESTIMATE = 4


class PresentStatus(enum.IntEnum):
    """How far the records asked for were given."""

    SUCCESS = 0
    PARTIAL_1 = 1
    """Access control."""
    PARTIAL_2 = 2
    """The message would grow too large."""
    PARTIAL_3 = 3
    """Resource control, as the origin wished."""
    PARTIAL_4 = 4
    """Resource control, by the target."""
    FAILURE = 5


class DeleteSetStatus(enum.IntEnum):
    """What became of a result set that was to be deleted."""

    SUCCESS = 0
    RESULT_SET_DID_NOT_EXIST = 1
    PREVIOUSLY_DELETED_BY_TARGET = 2
    SYSTEM_PROBLEM_AT_TARGET = 3
    ACCESS_NOT_ALLOWED = 4
    RESOURCE_CONTROL_AT_ORIGIN = 5
    RESOURCE_CONTROL_AT_TARGET = 6
    BULK_DELETE_NOT_SUPPORTED = 7
    NOT_ALL_RSLT_SETS_DELETED_ON_BULK_DLTE = 8
    NOT_ALL_REQUESTED_RESULT_SETS_DELETED = 9
    RESULT_SET_IN_USE = 10


class ScanStatus(enum.IntEnum):
    """How far the terms asked for were given."""

    SUCCESS = 0
    PARTIAL_1 = 1
    PARTIAL_2 = 2
    PARTIAL_3 = 3
    PARTIAL_4 = 4
    PARTIAL_5 = 5
    """The list begins or ends."""
    FAILURE = 6


class SortStatus(enum.IntEnum):
    """How far result sets were put in order."""

    SUCCESS = 0
    PARTIAL_1 = 1
    FAILURE = 2


class SortedSetStatus(enum.IntEnum):
    """What became of the result set that a sort was to make."""

    EMPTY = 1
    INTERIM = 2
    UNCHANGED = 3
    NONE = 4


class Function(enum.IntEnum):
    """What is done with a task package."""

    CREATE = 1
    DELETE = 2
    MODIFY = 3


class WaitAction(enum.IntEnum):
    """Whether the response waits for the task, and brings the package."""

    WAIT = 1
    WAIT_IF_POSSIBLE = 2
    DONT_WAIT = 3
    DONT_RETURN_PACKAGE = 4


class OperationStatus(enum.IntEnum):
    """What became of a task."""

    DONE = 1
    ACCEPTED = 2
    FAILURE = 3


class CloseReason(enum.IntEnum):
    """Why an association is closed."""

    FINISHED = 0
    SHUTDOWN = 1
    SYSTEM_PROBLEM = 2
    COST_LIMIT = 3
    RESOURCES = 4
    SECURITY_VIOLATION = 5
    PROTOCOL_ERROR = 6
    LACK_OF_ACTIVITY = 7
    PEER_ABORT = 8
    UNSPECIFIED = 9


class Pdu(Sequence):
    """Base of every PDU; *reference_id* is the origin's own, and comes back in the response as it was sent."""

    TAG: ClassVar[int]
    BY_IDENTIFIER: ClassVar[dict[int, type[Pdu]]] = {}

    reference_id: Annotated[OctetString | None, 2] = None

    def __init_subclass__(cls, *, tag: int) -> None:
        super().__init_subclass__()
        cls.TAG = tag
        Pdu.BY_IDENTIFIER[constructed(identifier(tag))] = cls


class InitializeRequest(Pdu, tag=20):
    """The origin opens an association and says what it can do."""

    protocol_version: Annotated[BitString, 3]
    options: Annotated[BitString, 4]
    preferred_message_size: Annotated[Integer, 5]
    exceptional_record_size: Annotated[Integer, 6]
    id_authentication: Annotated[IdAuthentication | None, 7] = None
    implementation_id: Annotated[InternationalString | None, 110] = None
    implementation_name: Annotated[InternationalString | None, 111] = None
    implementation_version: Annotated[InternationalString | None, 112] = None
    user_information_field: Annotated[External | None, Explicit(11)] = None
    other_info: OtherInformation | None = None


class InitializeResponse(Pdu, tag=21):
    """The target accepts or rejects the association and says what will be used in it."""

    protocol_version: Annotated[BitString, 3]
    options: Annotated[BitString, 4]
    preferred_message_size: Annotated[Integer, 5]
    exceptional_record_size: Annotated[Integer, 6]
    result: Annotated[Boolean, 12]
    implementation_id: Annotated[InternationalString | None, 110] = None
    implementation_name: Annotated[InternationalString | None, 111] = None
    implementation_version: Annotated[InternationalString | None, 112] = None
    user_information_field: Annotated[External | None, Explicit(11)] = None
    other_info: OtherInformation | None = None


class SearchRequest(Pdu, tag=22):
    """A query on databases; its result is kept under a name, and a small result is sent at once."""

    small_set_upper_bound: Annotated[Integer, 13]
    large_set_lower_bound: Annotated[Integer, 14]
    medium_set_present_number: Annotated[Integer, 15]
    replace_indicator: Annotated[Boolean, 16]
    result_set_name: Annotated[InternationalString, 17]
    database_names: Annotated[tuple[DatabaseName, ...], 18]
    small_set_element_set_names: Annotated[ElementSetNames | None, 100] = None
    medium_set_element_set_names: Annotated[ElementSetNames | None, 101] = None
    preferred_record_syntax: Annotated[ObjectIdentifier | None, 104] = None
    query: Annotated[Query, 21]
    additional_search_info: Annotated[OtherInformation | None, 203] = None
    other_info: OtherInformation | None = None


class SearchResponse(Pdu, tag=23):
    """How many records were found, and the first of them when they are few."""

    result_count: Annotated[Integer, 23]
    number_of_records_returned: Annotated[Integer, 24]
    next_result_set_position: Annotated[Integer, 25]
    search_status: Annotated[Boolean, 22]
    result_set_status: Annotated[Integer | None, 26] = None
    present_status: Annotated[Integer | None, 27] = None
    records: Records | None = None
    additional_search_info: Annotated[OtherInformation | None, 203] = None
    other_info: OtherInformation | None = None


class PresentRequest(Pdu, tag=24):
    """Records of a result set are wanted."""

    result_set_id: ResultSetId
    result_set_start_point: Annotated[Integer, 30]
    number_of_records_requested: Annotated[Integer, 29]
    additional_ranges: Annotated[tuple[Range, ...] | None, 212] = None
    record_composition: RecordComposition | None = None
    preferred_record_syntax: Annotated[ObjectIdentifier | None, 104] = None
    max_segment_count: Annotated[Integer | None, 204] = None
    max_record_size: Annotated[Integer | None, 206] = None
    max_segment_size: Annotated[Integer | None, 207] = None
    other_info: OtherInformation | None = None


class PresentResponse(Pdu, tag=25):
    """Records of a result set."""

    number_of_records_returned: Annotated[Integer, 24]
    next_result_set_position: Annotated[Integer, 25]
    present_status: Annotated[Integer, 27]
    records: Records | None = None
    other_info: OtherInformation | None = None


class Segment(Pdu, tag=45):
    """Records that precede a PresentResponse, when segmentation was agreed."""

    number_of_records_returned: Annotated[Integer, 24]
    segment_records: Annotated[tuple[EncodedRecord, ...], 0]
    other_info: OtherInformation | None = None


class DeleteResultSetRequest(Pdu, tag=26):
    """Result sets are no longer wanted: those of the list (function 0) or all of them (1)."""

    delete_function: Annotated[Integer, 32]
    result_set_list: tuple[ResultSetId, ...] | None = None
    other_info: OtherInformation | None = None


class ListStatus(Sequence):
    """What became of one result set."""

    id: ResultSetId
    status: Annotated[Integer, 33]


class DeleteResultSetResponse(Pdu, tag=27):
    """What became of the result sets."""

    delete_operation_status: Annotated[Integer, 0]
    delete_list_statuses: Annotated[tuple[ListStatus, ...] | None, 1] = None
    number_not_deleted: Annotated[Integer | None, 34] = None
    bulk_statuses: Annotated[tuple[ListStatus, ...] | None, 35] = None
    delete_message: Annotated[InternationalString | None, 36] = None
    other_info: OtherInformation | None = None


class AccessControlRequest(Pdu, tag=28):
    """The target asks the origin for something secret."""

    simple_form: Annotated[OctetString | None, 37, SECRET] = None
    externally_defined: Annotated[External | None, Explicit(0), SECRET] = None
    other_info: OtherInformation | None = None


class AccessControlResponse(Pdu, tag=29):
    """The origin's answer to the challenge."""

    simple_form: Annotated[OctetString | None, 38, SECRET] = None
    externally_defined: Annotated[External | None, Explicit(0), SECRET] = None
    diagnostic: Annotated[DiagRec | None, 223] = None
    other_info: OtherInformation | None = None


class ResourceControlRequest(Pdu, tag=30):
    """The target tells what a request costs and may ask whether to go on."""

    suspended_flag: Annotated[Boolean | None, 39] = None
    resource_report: Annotated[External | None, Explicit(40)] = None
    partial_results_available: Annotated[Integer | None, 41] = None
    response_required: Annotated[Boolean, 42]
    triggered_request_flag: Annotated[Boolean | None, 43] = None
    other_info: OtherInformation | None = None


class ResourceControlResponse(Pdu, tag=31):
    """The origin says whether to go on."""

    continue_flag: Annotated[Boolean, 44]
    result_set_wanted: Annotated[Boolean | None, 45] = None
    other_info: OtherInformation | None = None


class TriggerResourceControlRequest(Pdu, tag=32):
    """The origin wants a report (1), a say (2) or an end (3) of what runs. It has no response."""

    requested_action: Annotated[Integer, 46]
    pref_resource_report_format: Annotated[ObjectIdentifier | None, 47] = None
    result_set_wanted: Annotated[Boolean | None, 48] = None
    other_info: OtherInformation | None = None


class ResourceReportRequest(Pdu, tag=33):
    """The origin asks what an operation has cost."""

    op_id: Annotated[OctetString | None, 210] = None
    pref_resource_report_format: Annotated[ObjectIdentifier | None, 49] = None
    other_info: OtherInformation | None = None


class ResourceReportResponse(Pdu, tag=34):
    """What an operation has cost."""

    resource_report_status: Annotated[Integer, 50]
    resource_report: Annotated[External | None, Explicit(51)] = None
    other_info: OtherInformation | None = None


class ScanRequest(Pdu, tag=35):
    """The origin looks at the terms of an index."""

    database_names: Annotated[tuple[DatabaseName, ...], 3]
    attribute_set: ObjectIdentifier | None = None
    term_list_and_start_point: Annotated[AttributesPlusTerm, 102]
    step_size: Annotated[Integer | None, 5] = None
    number_of_terms_requested: Annotated[Integer, 6]
    preferred_position_in_response: Annotated[Integer | None, 7] = None
    other_info: OtherInformation | None = None


class TermInfo(Sequence):
    """A term of an index."""

    term: Term
    display_term: Annotated[InternationalString | None, 0] = None
    suggested_attributes: AttributeList | None = None
    alternative_term: Annotated[tuple[Annotated[AttributesPlusTerm, 102], ...] | None, 4] = None
    global_occurrences: Annotated[Integer | None, 2] = None
    other_term_info: OtherInformation | None = None


class Entry(Choice):
    """A term of an index, or why there is none."""

    term_info: Annotated[TermInfo | None, 1] = None
    surrogate_diagnostic: Annotated[DiagRec | None, 2] = None


EncodedEntry = Annotated[bytes, encoded("Entry", 0xA1, 0xA2)]
"""A whole Entry: a response carries many, made by `records.term_entry` and read by who wants them."""


class ListEntries(Sequence):
    """The terms of a scan, or why there are none."""

    entries: Annotated[tuple[EncodedEntry, ...] | None, 1] = None
    nonsurrogate_diagnostics: Annotated[tuple[DiagRec, ...] | None, 2] = None


class ScanResponse(Pdu, tag=36):
    """Terms of an index."""

    step_size: Annotated[Integer | None, 3] = None
    scan_status: Annotated[Integer, 4]
    number_of_entries_returned: Annotated[Integer, 5]
    position_of_term: Annotated[Integer | None, 6] = None
    entries: Annotated[ListEntries | None, 7] = None
    attribute_set: Annotated[ObjectIdentifier | None, 8] = None
    other_info: OtherInformation | None = None


class SortAttributes(Sequence):
    """A sort key by attributes."""

    id: ObjectIdentifier
    list_: Annotated[AttributeList, "list"]


class SortKey(Choice):
    """By what is sorted."""

    sortfield: Annotated[InternationalString | None, 0] = None
    element_spec: Annotated[Specification | None, 1] = None
    sort_attributes: Annotated[SortAttributes | None, 2] = None


class DatabaseSort(Sequence):
    """A sort key of one database."""

    database_name: DatabaseName
    db_sort: SortKey


class SortElement(Choice):
    """A sort key, for all databases or for each."""

    generic: Annotated[SortKey | None, 1] = None
    database_specific: Annotated[tuple[DatabaseSort, ...] | None, 2, "datbaseSpecific"] = None


class MissingValueAction(Choice):
    """What to do with a record that lacks the key."""

    abort: Annotated[Null | None, 1] = None
    null: Annotated[Null | None, 2] = None
    missing_value_data: Annotated[OctetString | None, 3] = None


class SortKeySpec(Sequence):
    """One key of a sort: relation 0 ascending, 1 descending; case 0 sensitive, 1 insensitive."""

    sort_element: SortElement
    sort_relation: Annotated[Integer, 1]
    case_sensitivity: Annotated[Integer, 2]
    missing_value_action: Annotated[MissingValueAction | None, 3] = None


class SortRequest(Pdu, tag=43):
    """Result sets are to be put in order."""

    input_result_set_names: Annotated[tuple[InternationalString, ...], 3]
    sorted_result_set_name: Annotated[InternationalString, 4]
    sort_sequence: Annotated[tuple[SortKeySpec, ...], 5]
    other_info: OtherInformation | None = None


class SortResponse(Pdu, tag=44):
    """Whether they are."""

    sort_status: Annotated[Integer, 3]
    result_set_status: Annotated[Integer | None, 4] = None
    diagnostics: Annotated[tuple[DiagRec, ...] | None, 5] = None
    result_count: Annotated[Integer | None, 6] = None
    other_info: OtherInformation | None = None


class Permission(Sequence):
    """What a user may do with a task package."""

    user_id: Annotated[InternationalString, 1]
    allowable_functions: Annotated[tuple[Integer, ...], 2]


class ExtendedServicesRequest(Pdu, tag=46):
    """A task for the target: function 1 create, 2 delete, 3 modify; wait 1 yes, 2 if possible, 3 no, 4 no package."""

    function: Annotated[Integer, 3]
    package_type: Annotated[ObjectIdentifier, 4]
    package_name: Annotated[InternationalString | None, 5] = None
    user_id: Annotated[InternationalString | None, 6, SECRET] = None
    retention_time: Annotated[IntUnit | None, 7] = None
    permissions: Annotated[tuple[Permission, ...] | None, 8] = None
    description: Annotated[InternationalString | None, 9] = None
    task_specific_parameters: Annotated[External | None, 10, SECRET] = None
    wait_action: Annotated[Integer, 11]
    elements: ElementSetName | None = None
    other_info: OtherInformation | None = None


class ExtendedServicesResponse(Pdu, tag=47):
    """What became of the task."""

    operation_status: Annotated[Integer, 3]
    diagnostics: Annotated[tuple[DiagRec, ...] | None, 4] = None
    task_package: Annotated[External | None, 5] = None
    other_info: OtherInformation | None = None


class Close(Pdu, tag=48):
    """The association ends; its peer answers with a Close. Version 3 only."""

    close_reason: Annotated[Integer, 211]
    diagnostic_information: Annotated[InternationalString | None, 3] = None
    resource_report_format: Annotated[ObjectIdentifier | None, 4] = None
    resource_report: Annotated[External | None, Explicit(5)] = None
    other_info: OtherInformation | None = None


_CODECS: Final = {cls: codec_of(cls).tagged(cls.TAG) for cls in Pdu.BY_IDENTIFIER.values()}


def _write(pdu: Pdu) -> bytes:
    if type(pdu) is SearchResponse and _tells(pdu) == _NOTHING:
        return _counts(pdu)
    return _CODECS[type(pdu)].write(pdu)


_WRITERS: Final = {row.name: row.codec.write for row in table(SearchResponse)}
_TOLD: Final = ("result_count", "number_of_records_returned", "next_result_set_position", "search_status")
_MORE: Final = _WRITERS.keys() - {"reference_id", *_TOLD}
_tells, _NOTHING = attrgetter(*_MORE), (None,) * len(_MORE)
_found, _returned, _following, _status = (lru_cache(2048)(_WRITERS[name]) for name in _TOLD)
_SEARCH_RESPONSE: Final = octets(constructed(identifier(SearchResponse.TAG)))


def _counts(pdu: SearchResponse) -> bytes:
    """Write a response that tells counts alone, as that to nearly every search does."""
    body = b"" if pdu.reference_id is None else _WRITERS["reference_id"](pdu.reference_id)
    body += _found(pdu.result_count) + _returned(pdu.number_of_records_returned)
    body += _following(pdu.next_result_set_position) + _status(pdu.search_status)
    return _SEARCH_RESPONSE + length(len(body)) + body


_PDU: Final = Codec(
    "PDU", "PDU", {ident: reader for codec in _CODECS.values() for ident, reader in codec.readers.items()}, _write
)


def decode(data: bytes) -> Pdu:
    """Read one whole PDU; short ones without secrets only once, as they come again. Raises MalformedPdu, LimitExceeded."""
    if len(data) <= _MAX_REMEMBERED and data.startswith(_OFTEN_THE_SAME):
        return _remembered(data)
    return _decode(data)


def _decode(data: bytes) -> Pdu:
    pdu: Pdu = _PDU.decode(data)
    return pdu


_OFTEN_THE_SAME: Final = tuple(
    octets(constructed(identifier(cls.TAG))) for cls in (SearchRequest, PresentRequest, ScanRequest)
)
_MAX_REMEMBERED: Final = 512  # octets of a PDU
_remembered = lru_cache(2048)(_decode)


def encode(pdu: Pdu) -> bytes:
    """Write *pdu* as one element, definite and minimal. Raises LocalProtocolError."""
    return _PDU.encode(pdu)
