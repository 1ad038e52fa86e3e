"""The 48 services and the types of problem that each may answer with (Z39.83-1 section 6 and appendix A).

Initiators match problem types as text, so the strings are the standard's, letter by letter. A type is always sent with the scheme
of the list that defines it: the service's own first, then the general list, then the messaging list.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from protocols.ncip.model import SchemeValue
from protocols.ncip.schemes import fold

_ROOT = "http://www.niso.org/ncip/v1_0/schemes/"


class ProblemType(enum.StrEnum):
    """Every type of problem of the standard."""

    ACCOUNT_ACCESS_DENIED = "Account Access Denied"
    AGENCY_ACCESS_DENIED = "Agency Access Denied"
    AGENCY_AUTHENTICATION_FAILED = "Agency Authentication Failed"
    CANNOT_ACCEPT_ITEM = "Cannot Accept Item"
    CANNOT_GUARANTEE_RESTRICTIONS_ON_USE = "Cannot Guarantee Restrictions On Use"
    DUPLICATE_AGENCY = "Duplicate Agency"
    DUPLICATE_FISCAL_TRANSACTION = "Duplicate Fiscal Transaction"
    DUPLICATE_ITEM = "Duplicate Item"
    DUPLICATE_REQUEST = "Duplicate Request"
    DUPLICATE_USER = "Duplicate User"
    ELEMENT_RULE_VIOLATED = "Element Rule Violated"
    INVALID_AMOUNT = "Invalid Amount"
    INVALID_DATE = "Invalid Date"
    INVALID_MESSAGE_SYNTAX_ERROR = "Invalid Message Syntax Error"
    ITEM_ACCESS_DENIED = "Item Access Denied"
    ITEM_CANNOT_BE_RECALLED = "Item Cannot Be Recalled"
    ITEM_DOES_NOT_CIRCULATE = "Item Does Not Circulate"
    ITEM_NOT_AVAILABLE_BY_NEED_BEFORE_DATE = "Item Not Available By Need Before Date"
    ITEM_NOT_CHECKED_OUT = "Item Not Checked Out"
    ITEM_NOT_CHECKED_OUT_TO_THIS_USER = "Item Not Checked Out To This User"
    ITEM_NOT_RENEWABLE = "Item Not Renewable"
    MAXIMUM_CHECK_OUTS_EXCEEDED = "Maximum Check Outs Exceeded"
    MAXIMUM_RENEWALS_EXCEEDED = "Maximum Renewals Exceeded"
    NEEDED_DATA_MISSING = "Needed Data Missing"
    NON_UNIQUE_ITEM = "Non-Unique Item"
    NON_UNIQUE_REQUEST = "Non-Unique Request"
    NON_UNIQUE_USER = "Non-Unique User"
    PROTOCOL_ERROR = "Protocol Error"
    RECALL_CANNOT_BE_CANCELLED_AT_THIS_TIME = "Recall Cannot Be Cancelled At This Time"
    RENEWAL_NOT_ALLOWED = "Renewal Not Allowed - Item Has Outstanding Requests"
    REQUEST_ALREADY_PROCESSED = "Request Already Processed"
    RESOURCE_CANNOT_BE_PROVIDED = "Resource Cannot Be Provided"
    SYSTEM_AUTHENTICATION_FAILED = "System Authentication Failed"
    TEMPORARY_PROCESSING_FAILURE = "Temporary Processing Failure"
    UNABLE_TO_ADD_ELEMENT = "Unable To Add Element"
    UNABLE_TO_DELETE_ELEMENT = "Unable To Delete Element"
    UNAUTHORIZED_COMBINATION_FOR_AGENCY = "Unauthorized Combination Of Element Values For Agency"
    UNAUTHORIZED_COMBINATION_FOR_SYSTEM = "Unauthorized Combination Of Element Values For System"
    UNAUTHORIZED_SERVICE_FOR_AGENCY = "Unauthorized Service For Agency"
    UNAUTHORIZED_SERVICE_FOR_SYSTEM = "Unauthorized Service For System"
    UNKNOWN_AGENCY = "Unknown Agency"
    UNKNOWN_ELEMENT = "Unknown Element"
    UNKNOWN_ITEM = "Unknown Item"
    UNKNOWN_REQUEST = "Unknown Request"
    UNKNOWN_SCHEME = "Unknown Scheme"
    UNKNOWN_SYSTEM = "Unknown System"
    UNKNOWN_USER = "Unknown User"
    UNKNOWN_VALUE_FROM_KNOWN_SCHEME = "Unknown Value From Known Scheme"
    UNSUPPORTED_NOTICE = "Unsupported Notice"
    UNSUPPORTED_SERVICE = "Unsupported Service"
    UNSUPPORTED_SHIPPING_ADDRESS_TYPE = "Unsupported Shipping Address Type"
    USER_ACCESS_DENIED = "User Access Denied"
    USER_AUTHENTICATION_FAILED = "User Authentication Failed"
    USER_BLOCKED = "User Blocked"
    USER_INELIGIBLE_TO_CHECK_OUT_THIS_ITEM = "User Ineligible To Check Out This Item"
    USER_INELIGIBLE_TO_RENEW_THIS_ITEM = "User Ineligible To Renew This Item"
    USER_INELIGIBLE_TO_REQUEST_THIS_ITEM = "User Ineligible To Request This Item"


P = ProblemType
_WILD: Final = {
    "9022": P.ITEM_NOT_CHECKED_OUT, "Not On Loan": P.ITEM_NOT_CHECKED_OUT, "Service is not known": P.UNSUPPORTED_SERVICE,
    "Unknown partner": P.UNKNOWN_AGENCY, "Unkown User": P.UNKNOWN_USER, "User Unknown": P.UNKNOWN_USER,
}  # fmt: skip
"""Words of other products for types of the standard (ncip.md 2.4)."""
_FOLDED = {fold(word): member for word, member in _WILD.items()} | {fold(member): member for member in ProblemType}


def problem_type_of(pair: SchemeValue | None) -> ProblemType | None:
    """Give the type that a received problem means, whatever its case, dashes and scheme, or in a product's own words; None for any other."""
    return None if pair is None else _FOLDED.get(fold(pair.value))


GENERAL = frozenset({
    P.AGENCY_AUTHENTICATION_FAILED, P.INVALID_AMOUNT, P.INVALID_DATE, P.NEEDED_DATA_MISSING, P.SYSTEM_AUTHENTICATION_FAILED,
    P.TEMPORARY_PROCESSING_FAILURE, P.UNAUTHORIZED_COMBINATION_FOR_AGENCY, P.UNAUTHORIZED_COMBINATION_FOR_SYSTEM,
    P.UNAUTHORIZED_SERVICE_FOR_AGENCY, P.UNAUTHORIZED_SERVICE_FOR_SYSTEM, P.UNKNOWN_AGENCY, P.UNKNOWN_SYSTEM, P.UNSUPPORTED_SERVICE,
})  # fmt: skip
"""Types that every service may answer with."""

MESSAGING = frozenset({
    P.INVALID_MESSAGE_SYNTAX_ERROR, P.PROTOCOL_ERROR, P.UNKNOWN_ELEMENT, P.UNKNOWN_SCHEME, P.UNKNOWN_VALUE_FROM_KNOWN_SCHEME,
})  # fmt: skip
"""Types about the message itself."""


class Group(enum.Enum):
    """What a service is for."""

    LOOKUP = "lookup"
    UPDATE = "update"
    NOTIFICATION = "notification"


@dataclass(frozen=True, slots=True)
class Service:
    """One pair of messages: `name`, and `name` with `Response` behind it."""

    name: str
    group: Group
    own: frozenset[ProblemType]

    @property
    def scheme(self) -> str:
        """URI of the service's own list of problem types."""
        return f"{_ROOT}processingerrortype/{_LENT.get(self.name, self.name).lower()}processingerror.scm"


_LENT = {"DeleteItem": "UpdateItem", "DeleteUser": "UpdateUser"}
"""Service without a list of its own -> the service whose list it takes its few types from (ncip.md 2.4)."""
_EDIT = {P.ELEMENT_RULE_VIOLATED, P.UNABLE_TO_ADD_ELEMENT, P.UNABLE_TO_DELETE_ELEMENT}
_AUTH = {P.UNKNOWN_USER, P.USER_AUTHENTICATION_FAILED}
_ITEM_EDIT = {*_EDIT, P.ITEM_ACCESS_DENIED, P.UNKNOWN_ITEM}
_ITEM_LOOKUP = {P.ELEMENT_RULE_VIOLATED, P.ITEM_ACCESS_DENIED, P.NON_UNIQUE_ITEM, P.UNKNOWN_ITEM}

_OWN: dict[Group, dict[str, set[ProblemType]]] = {
    Group.LOOKUP: {
        "LookupVersion": set(),
        "LookupAgency": {P.AGENCY_ACCESS_DENIED, P.ELEMENT_RULE_VIOLATED, P.UNKNOWN_AGENCY},
        "LookupItem": _ITEM_LOOKUP,
        "LookupItemSet": _ITEM_LOOKUP,
        "LookupRequest": {P.NON_UNIQUE_REQUEST, P.UNKNOWN_REQUEST},
        "LookupUser": {*_AUTH, P.ELEMENT_RULE_VIOLATED, P.NON_UNIQUE_USER, P.USER_ACCESS_DENIED},
    },
    Group.UPDATE: {
        "AcceptItem": {
            P.CANNOT_ACCEPT_ITEM, P.CANNOT_GUARANTEE_RESTRICTIONS_ON_USE, P.ELEMENT_RULE_VIOLATED, P.UNKNOWN_ITEM,
            P.UNKNOWN_REQUEST, P.UNKNOWN_USER, P.USER_INELIGIBLE_TO_CHECK_OUT_THIS_ITEM,
        },
        "CancelRecallItem": {P.ITEM_NOT_CHECKED_OUT, P.RECALL_CANNOT_BE_CANCELLED_AT_THIS_TIME, P.UNKNOWN_ITEM},
        "CancelRequestItem": {
            *_AUTH, P.ELEMENT_RULE_VIOLATED, P.REQUEST_ALREADY_PROCESSED, P.UNKNOWN_ITEM, P.UNKNOWN_REQUEST,
        },
        "CheckInItem": {P.ITEM_NOT_CHECKED_OUT, P.UNKNOWN_ITEM},
        "CheckOutItem": {
            *_AUTH, P.ITEM_DOES_NOT_CIRCULATE, P.MAXIMUM_CHECK_OUTS_EXCEEDED, P.RESOURCE_CANNOT_BE_PROVIDED, P.UNKNOWN_ITEM,
            P.UNKNOWN_REQUEST, P.UNSUPPORTED_SHIPPING_ADDRESS_TYPE, P.USER_BLOCKED, P.USER_INELIGIBLE_TO_CHECK_OUT_THIS_ITEM,
        },
        "CreateAgency": {P.DUPLICATE_AGENCY, P.ELEMENT_RULE_VIOLATED},
        "CreateItem": {P.DUPLICATE_ITEM, P.ELEMENT_RULE_VIOLATED},
        "CreateUser": {P.DUPLICATE_USER, P.ELEMENT_RULE_VIOLATED, P.USER_AUTHENTICATION_FAILED},
        "CreateUserFiscalTransaction": {
            *_AUTH, P.ACCOUNT_ACCESS_DENIED, P.DUPLICATE_FISCAL_TRANSACTION, P.ELEMENT_RULE_VIOLATED, P.UNABLE_TO_ADD_ELEMENT,
            P.UNKNOWN_ITEM, P.UNKNOWN_REQUEST, P.USER_ACCESS_DENIED,
        },
        "DeleteItem": {P.ELEMENT_RULE_VIOLATED, P.UNKNOWN_ITEM},
        "DeleteUser": {P.ELEMENT_RULE_VIOLATED, P.UNKNOWN_USER},
        "RecallItem": {
            P.ITEM_CANNOT_BE_RECALLED, P.ITEM_NOT_CHECKED_OUT, P.UNKNOWN_ITEM, P.UNSUPPORTED_SHIPPING_ADDRESS_TYPE,
        },
        "RenewItem": {
            *_AUTH, P.ITEM_NOT_CHECKED_OUT, P.ITEM_NOT_RENEWABLE, P.MAXIMUM_RENEWALS_EXCEEDED, P.RENEWAL_NOT_ALLOWED,
            P.UNKNOWN_ITEM, P.USER_BLOCKED, P.USER_INELIGIBLE_TO_RENEW_THIS_ITEM,
        },
        "ReportCirculationStatusChange": {
            *_AUTH, P.ELEMENT_RULE_VIOLATED, P.ITEM_NOT_CHECKED_OUT_TO_THIS_USER, P.UNKNOWN_ITEM,
        },
        "RequestItem": {
            *_AUTH, P.DUPLICATE_REQUEST, P.ELEMENT_RULE_VIOLATED, P.ITEM_DOES_NOT_CIRCULATE,
            P.ITEM_NOT_AVAILABLE_BY_NEED_BEFORE_DATE, P.UNKNOWN_ITEM, P.USER_BLOCKED, P.USER_INELIGIBLE_TO_REQUEST_THIS_ITEM,
        },
        "SendUserNotice": {
            P.ELEMENT_RULE_VIOLATED, P.ITEM_NOT_CHECKED_OUT, P.UNKNOWN_ITEM, P.UNKNOWN_USER, P.UNSUPPORTED_NOTICE,
        },
        "UndoCheckOutItem": {*_AUTH, P.UNKNOWN_ITEM},
        "UpdateAgency": {*_EDIT, P.AGENCY_ACCESS_DENIED},
        "UpdateCirculationStatus": _ITEM_EDIT,
        "UpdateItem": _ITEM_EDIT,
        "UpdateRequestItem": {*_ITEM_EDIT, *_AUTH, P.UNKNOWN_REQUEST},
        "UpdateUser": {*_EDIT, *_AUTH, P.USER_ACCESS_DENIED},
    },
    Group.NOTIFICATION: {
        name: set()
        for name in (
            "AgencyCreated", "AgencyUpdated", "CirculationStatusChangeReported", "CirculationStatusUpdated", "ItemCheckedIn",
            "ItemCheckedOut", "ItemCreated", "ItemRecallCancelled", "ItemRecalled", "ItemReceived", "ItemRenewed",
            "ItemRequestCancelled", "ItemRequestUpdated", "ItemRequested", "ItemShipped", "ItemUpdated", "UserCreated",
            "UserFiscalTransactionCreated", "UserNoticeSent", "UserUpdated",
        )
    },
}  # fmt: skip

SERVICES: dict[str, Service] = {
    name: Service(name, group, frozenset(own)) for group, services in _OWN.items() for name, own in services.items()
}
"""Name -> service, all 48."""


def problem_type(service: str | None, kind: ProblemType) -> SchemeValue:
    """Give *kind* with the scheme that defines it for *service* (None: a problem that belongs to no service).

    Raises ValueError when the service may not answer with it.
    """
    known = SERVICES.get(service or "")
    if known and kind in known.own:
        return SchemeValue(kind.value, known.scheme)
    if kind in GENERAL:
        return SchemeValue(kind.value, _ROOT + "processingerrortype/generalprocessingerror.scm")
    if kind in MESSAGING:
        return SchemeValue(kind.value, _ROOT + "messagingerrortype/messagingerrortype.scm")
    raise ValueError(f"{service} has no problem type {kind.value!r}")
