"""Extended services beside Update: sets for later (1.2.840.10003.9.1) and Item Order (9.4), Z39.50-2003 appendix EXT."""

from __future__ import annotations

import enum
from typing import Annotated, TypeVar

from protocols.z3950.apdu import ExtendedServicesRequest
from protocols.z3950.asn1 import Integer, InternationalString, Null
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import External
from protocols.z3950.errors import RemoteProtocolError
from protocols.z3950.schema import SECRET, Choice, Explicit, Sequence, codec_of

S = TypeVar("S", bound=Choice)


class ReplaceOrAppend(enum.IntEnum):
    """What becomes of the set that the package held before."""

    REPLACE = 1
    APPEND = 2


class AuxiliaryStatus(enum.IntEnum):
    """How far an order is."""

    NOT_RECEIVED = 1
    LOAN_QUEUE = 2
    FORWARDED = 3
    UNFILLED_COPYRIGHT = 4
    FILLED_COPYRIGHT = 5


class SetRequest(Sequence):
    """Which set of the association is kept."""

    origin_supplied_result_set: Annotated[InternationalString | None, 1] = None
    replace_or_append: Annotated[Integer | None, 2] = None


class SetKept(Sequence):
    """Under which name it is found from now on, and how large it is."""

    target_supplied_result_set: Annotated[InternationalString | None, 1] = None
    number_of_records: Annotated[Integer | None, 2] = None


class SetEsRequest(Sequence):
    """What the origin sends."""

    to_keep: Annotated[Null | None, 1] = None
    not_to_keep: Annotated[SetRequest | None, Explicit(2)] = None


class SetPackage(Sequence):
    """What the target tells."""

    origin_part: Annotated[Null | None, 1] = None
    target_part: Annotated[SetKept | None, Explicit(2)] = None


class PersistentResultSet(Choice):
    """The parameters of the service: those of the request, or of the task package."""

    es_request: Annotated[SetEsRequest | None, 1] = None
    task_package: Annotated[SetPackage | None, 2] = None


class Contact(Sequence):
    """Whom to tell."""

    name: Annotated[InternationalString | None, 1, SECRET] = None
    phone: Annotated[InternationalString | None, 2, SECRET] = None
    email: Annotated[InternationalString | None, 3, SECRET] = None


class OrderToKeep(Sequence):
    """What stays with the order; who pays is passed over."""

    suppl_description: Annotated[External | None, 1, SECRET] = None
    contact: Annotated[Contact | None, 2] = None


class ResultSetItem(Sequence):
    """A record by its place in a result set, counted from 1."""

    result_set_id: Annotated[InternationalString, 1]
    item: Annotated[Integer, 2]


class OrderRequest(Sequence):
    """What is ordered: a record that was found, or what another standard describes."""

    result_set_item: Annotated[ResultSetItem | None, 1] = None
    item_request: Annotated[External | None, 2, SECRET] = None


class OrderStatus(Sequence):
    """What became of the order."""

    item_request: Annotated[External | None, 1] = None
    status_or_error_report: Annotated[External | None, 2] = None
    auxiliary_status: Annotated[Integer | None, 3] = None


class OrderEsRequest(Sequence):
    """What the origin sends."""

    to_keep: Annotated[OrderToKeep | None, Explicit(1)] = None
    not_to_keep: Annotated[OrderRequest, Explicit(2)]


class OrderPackage(Sequence):
    """What the target keeps and tells."""

    origin_part: Annotated[OrderToKeep | None, Explicit(1)] = None
    target_part: Annotated[OrderStatus, Explicit(2)]


class ItemOrder(Choice):
    """The parameters of the service: those of the request, or of the task package."""

    es_request: Annotated[OrderEsRequest | None, 1] = None
    task_package: Annotated[OrderPackage | None, 2] = None


def parameters_of(request: ExtendedServicesRequest, service: type[S]) -> S:
    """Return the parameters of a request for *service*. Raises Refused (1008, 1043, 1057)."""
    sent = request.task_specific_parameters
    if sent is None or sent.single_asn1_type is None:
        raise Refused(Bib1.ES_MISSING_PARAMETER, "taskSpecificParameters")
    if sent.direct_reference != request.package_type:
        raise Refused(Bib1.ES_PARAMETERS_OID, sent.direct_reference or "")
    try:
        read: S = codec_of(service).decode(sent.single_asn1_type)
    except RemoteProtocolError as error:
        raise Refused(Bib1.ES_PARAMETER_VALUE, error) from error
    return read
