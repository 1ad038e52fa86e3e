"""The extended service Update (1.2.840.10003.9.5.1.1, Z39.50 appendix EXT): records to save, and what became of them."""

from __future__ import annotations

import enum
from typing import Annotated, Final

from protocols.z3950 import oids
from protocols.z3950.apdu import Permission
from protocols.z3950.asn1 import GeneralizedTime, Integer, InternationalString, ObjectIdentifier, OctetString
from protocols.z3950.elements import DiagRec, External, IntUnit
from protocols.z3950.schema import Choice, Explicit, Sequence, codec_of


class Action(enum.IntEnum):
    """What is to be done with the records."""

    RECORD_INSERT = 1
    RECORD_REPLACE = 2
    RECORD_DELETE = 3
    ELEMENT_UPDATE = 4
    SPECIAL_UPDATE = 5


class UpdateStatus(enum.IntEnum):
    """What became of all records together."""

    SUCCESS = 1
    PARTIAL = 2
    FAILURE = 3


class RecordStatus(enum.IntEnum):
    """What became of one record."""

    SUCCESS = 1
    QUEUED = 2
    IN_PROCESS = 3
    FAILURE = 4


class TaskStatus(enum.IntEnum):
    """How far a task is."""

    PENDING = 0
    ACTIVE = 1
    COMPLETE = 2
    ABORTED = 3


class RecordId(Choice):
    """Which record is meant."""

    number: Annotated[Integer | None, 1] = None
    string: Annotated[InternationalString | None, 2] = None
    opaque: Annotated[OctetString | None, 3] = None


class SupplementalId(Choice):
    """Which version of it the origin has seen."""

    time_stamp: Annotated[GeneralizedTime | None, 1] = None
    version_number: Annotated[InternationalString | None, 2] = None
    previous_version: Annotated[External | None, 3] = None


class CorrelationInfo(Sequence):
    """What the origin knows a record of the request by."""

    note: Annotated[InternationalString | None, 1] = None
    id: Annotated[Integer | None, 2] = None


class SuppliedRecord(Sequence):
    """One record of the request."""

    record_id: Annotated[RecordId | None, 1] = None
    supplemental_id: Annotated[SupplementalId | None, 2] = None
    correlation_info: Annotated[CorrelationInfo | None, 3] = None
    record: Annotated[External, 4]


class OriginPartToKeep(Sequence):
    """What is to be done, and where."""

    action: Annotated[Integer, 1]
    database_name: Annotated[InternationalString, 2]
    schema: Annotated[ObjectIdentifier | None, 3] = None
    element_set_name: Annotated[InternationalString | None, 4] = None
    action_qualifier: Annotated[External | None, 5] = None


class RecordOrDiagnostics(Choice):
    """A record, or why there is none."""

    record: Annotated[External | None, 1] = None
    surrogate_diagnostics: Annotated[tuple[DiagRec, ...] | None, 2] = None


class TaskPackageRecord(Sequence):
    """What became of one record."""

    record_or_sur_diag: Annotated[RecordOrDiagnostics | None, 1] = None
    correlation_info: Annotated[CorrelationInfo | None, 2] = None
    record_status: Annotated[Integer, 3]
    supplemental_diagnostics: Annotated[tuple[DiagRec, ...] | None, 4] = None


class TargetPart(Sequence):
    """What became of the request."""

    update_status: Annotated[Integer, 1]
    global_diagnostics: Annotated[tuple[DiagRec, ...] | None, 2] = None
    task_package_records: Annotated[tuple[TaskPackageRecord, ...], 3]


class UpdateRequest(Sequence):
    """What the origin sends."""

    to_keep: Annotated[OriginPartToKeep | None, Explicit(1)] = None
    not_to_keep: Annotated[tuple[SuppliedRecord, ...], Explicit(2)]


class UpdatePackage(Sequence):
    """What the target keeps and tells."""

    origin_part: Annotated[OriginPartToKeep, Explicit(1)]
    target_part: Annotated[TargetPart, Explicit(2)]


class Update(Choice):
    """The parameters of the service: those of the request, or of the task package."""

    es_request: Annotated[UpdateRequest | None, 1] = None
    task_package: Annotated[UpdatePackage | None, 2] = None


class TaskPackage(Sequence):
    """A task as the target tells of it (1.2.840.10003.5.106)."""

    package_type: Annotated[ObjectIdentifier, 1]
    package_name: Annotated[InternationalString | None, 2] = None
    user_id: Annotated[InternationalString | None, 3] = None
    retention_time: Annotated[IntUnit | None, 4] = None
    permissions: Annotated[tuple[Permission, ...] | None, 5] = None
    description: Annotated[InternationalString | None, 6] = None
    target_reference: Annotated[OctetString | None, 7] = None
    creation_date_time: Annotated[GeneralizedTime | None, 8] = None
    task_status: Annotated[Integer, 9]
    package_diagnostics: Annotated[tuple[DiagRec, ...] | None, 10] = None
    task_specific_parameters: Annotated[External, 11]


_UPDATE: Final = codec_of(Update)
_PACKAGE: Final = codec_of(TaskPackage)


def read_update(data: bytes) -> Update:
    """Return the parameters that an element is. Raises MalformedPdu."""
    update: Update = _UPDATE.decode(data)
    return update


def parameters(package_type: str, service: Choice) -> External:
    """Return the parameters of a service as taskSpecificParameters."""
    return External(direct_reference=package_type, single_asn1_type=codec_of(type(service)).encode(service))


def task_package(package: TaskPackage) -> External:
    """Return a task package as a response carries it."""
    return External(direct_reference=oids.TASK_PACKAGE, single_asn1_type=write_package(package))


def write_package(package: TaskPackage) -> bytes:
    """Return a task package as its element."""
    return _PACKAGE.encode(package)


def read_package(data: bytes) -> TaskPackage:
    """Return the task package that an element is. Raises MalformedPdu."""
    package: TaskPackage = _PACKAGE.decode(data)
    return package
