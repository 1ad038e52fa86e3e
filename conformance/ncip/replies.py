"""What the kit answers as a responder: enough that an initiator goes on, whichever side of a loan it is on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from protocols.ncip.base import Initiation, PlainResponse, Response, response_header
from protocols.ncip.circulation import (
    AcceptItemResponse,
    CancelRecallItemResponse,
    CancelRequestItemResponse,
    CheckInItemResponse,
    CheckOutItemResponse,
    RecallItemResponse,
    RenewItemResponse,
    RequestItemResponse,
)
from protocols.ncip.elements import Pending, ResponseHeader, UserId
from protocols.ncip.envelope import problem
from protocols.ncip.lookups import LookupItemResponse, LookupRequestResponse, LookupUserResponse
from protocols.ncip.problems import SERVICES, Group, ProblemType
from protocols.ncip.schemes import RequestStatusType
from protocols.ncip.upkeep import DeleteItemResponse

_SOMEONE: Final = UserId(user_identifier_value="?")
_LOAN: Final = timedelta(days=42)

Made = Response | None


def _request(head: ResponseHeader | None, told: Any) -> Made:
    item = next(iter(told.item_id), None)
    if not (told.request_id or item) or not (told.request_type and told.request_scope_type):
        return None
    return RequestItemResponse(
        response_header=head, request_id=told.request_id, item_id=item, user_id=told.user_id or _SOMEONE,
        request_type=told.request_type, request_scope_type=told.request_scope_type,
    )  # fmt: skip


def _cancel(head: ResponseHeader | None, told: Any) -> Made:
    if not told.request_id and not told.item_id:
        return None
    return CancelRequestItemResponse(
        response_header=head, request_id=told.request_id, item_id=told.item_id, user_id=told.user_id or _SOMEONE
    )


def _accept(head: ResponseHeader | None, told: Any) -> Made:
    return told.request_id and AcceptItemResponse(
        response_header=head, request_id=told.request_id, item_id=told.item_id
    )


def _check_out(head: ResponseHeader | None, told: Any) -> Made:
    due = told.desired_date_due or datetime.now(UTC).replace(microsecond=0) + _LOAN
    return told.item_id and CheckOutItemResponse(
        response_header=head, item_id=told.item_id, user_id=told.user_id or _SOMEONE, date_due=due
    )


def _look_up(head: ResponseHeader | None, told: Any) -> Made:
    status = RequestStatusType.IN_PROCESS.pair
    return told.request_id and LookupRequestResponse(
        response_header=head, request_id=told.request_id, request_status_type=status
    )


def _with_item(cls: type[Response]) -> Callable[[ResponseHeader | None, Any], Made]:
    def make(head: ResponseHeader | None, told: Any) -> Made:
        made: Made = told.item_id and cls(response_header=head, item_id=told.item_id)  # type: ignore[call-arg]  # these have one
        return made

    return make


_MAKERS: Final[dict[str, Callable[[ResponseHeader | None, Any], Made]]] = {
    "AcceptItem": _accept,
    "CancelRecallItem": _with_item(CancelRecallItemResponse),
    "CancelRequestItem": _cancel,
    "CheckInItem": _with_item(CheckInItemResponse),
    "CheckOutItem": _check_out,
    "DeleteItem": _with_item(DeleteItemResponse),
    "LookupItem": _with_item(LookupItemResponse),
    "LookupRequest": _look_up,
    "LookupUser": lambda head, told: told.user_id and LookupUserResponse(response_header=head, user_id=told.user_id),
    "RecallItem": _with_item(RecallItemResponse),
    "RenewItem": lambda head, _told: RenewItemResponse(response_header=head, pending=Pending()),
    "RequestItem": _request,
}


def reply(message: Initiation) -> Response:
    """Make an answer with which an initiator goes on; what lacks something, or belongs to no loan, is refused."""
    service, head = message.service, response_header(message.initiation_header)
    if SERVICES[service].group is Group.NOTIFICATION:
        return PlainResponse(name=service, response_header=head)
    maker = _MAKERS.get(service)
    made = maker(head, message) if maker is not None else None
    if made is not None:
        return made
    kind = ProblemType.NEEDED_DATA_MISSING if maker is not None else ProblemType.UNSUPPORTED_SERVICE
    return refused(message, kind)


def refused(message: Initiation, kind: ProblemType) -> Response:
    """Make a response that refuses."""
    told = problem(message.service, kind, "the kit says so", "NCIPMessage", message.service)
    return PlainResponse(
        name=message.service, response_header=response_header(message.initiation_header), problem=(told,)
    )
