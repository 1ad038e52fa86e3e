"""Which of the 48 services is answered how: by a function here, by an acknowledgement, or as unsupported.

A notification asks for no permission: it is acknowledged even where nothing follows from it.
"""

from __future__ import annotations

import enum
from typing import Final

from protocols.ncip.base import PlainResponse
from protocols.ncip.problems import SERVICES, Group
from server.ncip import holds as ncip_holds
from server.ncip import ill as ncip_ill
from server.ncip import items as ncip_items
from server.ncip import loans as ncip_loans
from server.ncip import lookups as ncip_lookups
from server.ncip import requests as ncip_requests
from server.ncip import sets as ncip_sets
from server.ncip import told as ncip_told
from server.ncip import upkeep as ncip_upkeep
from server.ncip.desk import Asked, Desk, Handler


class Support(enum.Enum):
    """What becomes of a request for a service."""

    SERVED = "served"
    ACKNOWLEDGED = "acknowledged"
    UNSUPPORTED = "Unsupported Service"


HANDLERS: Final[dict[str, Handler]] = {
    "AcceptItem": ncip_ill.accept_item,
    "CancelRecallItem": ncip_ill.cancel_recall_item,
    "CancelRequestItem": ncip_holds.cancel_request_item,
    "CheckInItem": ncip_loans.check_in,
    "CheckOutItem": ncip_loans.check_out,
    "CreateItem": ncip_items.create_item,
    "CreateUser": ncip_upkeep.create_user,
    "CreateUserFiscalTransaction": ncip_upkeep.charge,
    "DeleteItem": ncip_items.delete_item,
    "DeleteUser": ncip_upkeep.delete_user,
    "LookupAgency": ncip_lookups.lookup_agency,
    "LookupItem": ncip_lookups.lookup_item,
    "LookupItemSet": ncip_sets.lookup_item_set,
    "LookupRequest": ncip_requests.lookup_request,
    "LookupUser": ncip_lookups.lookup_user,
    "RecallItem": ncip_ill.recall_item,
    "RenewItem": ncip_ill.renew_item,
    "ReportCirculationStatusChange": ncip_upkeep.report_status,
    "RequestItem": ncip_holds.request_item,
    "SendUserNotice": ncip_upkeep.send_notice,
    "UndoCheckOutItem": ncip_upkeep.undo_check_out,
    "UpdateCirculationStatus": ncip_upkeep.update_status,
    "UpdateItem": ncip_items.update_item,
    "UpdateRequestItem": ncip_requests.update_request_item,
    "UpdateUser": ncip_upkeep.update_user,
    **{name: ncip_told.notified(teller) for name, teller in ncip_told.TELLERS.items()},
}
"""Service -> who renders it. (LookupVersion is answered before anyone is asked who he is.)"""


async def _acknowledge(_desk: Desk, asked: Asked) -> bytes:
    return asked.write(PlainResponse(name=asked.service, response_header=asked.setting.header))


def support(service: str) -> Support:
    """Tell what becomes of a request for *service*."""
    if service in HANDLERS or service == "LookupVersion":
        return Support.SERVED
    return Support.ACKNOWLEDGED if SERVICES[service].group is Group.NOTIFICATION else Support.UNSUPPORTED


def service_of(service: str) -> Handler | None:
    """Give who renders *service*; None when nobody does."""
    return HANDLERS.get(service) or (_acknowledge if support(service) is Support.ACKNOWLEDGED else None)
