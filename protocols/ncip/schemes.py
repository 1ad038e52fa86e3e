"""Scheme/value pairs: the lists of Z39.83-1 appendix A, their URIs and their exact English values.

No list is closed in 2.x. Reading looks at the value alone, without regard to case, spaces and kind of dash, because partners
send any Scheme or none; writing gives the scheme of every standard value (`CirculationStatus.ON_LOAN.pair`).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import ClassVar, Self, TypeVar

from protocols.ncip.model import SchemeValue

_LISTS = "http://www.niso.org/ncip/v1_0/imp1/schemes/"
_ELEMENT_LISTS = "http://www.niso.org/ncip/v1_0/schemes/"
_APART = re.compile(r"[\s_\-‐‑‒–—−]+")

SCHEMES: dict[str, type[Scheme]] = {}
"""Element -> its list."""


def fold(value: str) -> str:
    """Give the form under which values are compared."""
    return _APART.sub("", value).casefold()


class Scheme(enum.StrEnum):
    """Base of the lists; `uri` is the list's scheme."""

    uri: ClassVar[str]
    _folded: ClassVar[dict[str, Self]]

    @property
    def pair(self) -> SchemeValue:
        """The value with its scheme, as it is sent."""
        return SchemeValue(self.value, self.uri)

    @classmethod
    def of(cls, pair: SchemeValue | None) -> Self | None:
        """Give the member that a received pair means, or None when it is no value of this list."""
        return None if pair is None else cls._folded.get(fold(pair.value))


_S = TypeVar("_S", bound=type[Scheme])


def _scheme(uri: str, **also: str) -> Callable[[_S], _S]:
    """Give a list its URI, and the other spellings under which its values are sent."""

    def declare(cls: _S) -> _S:
        cls.uri = uri
        cls._folded = {fold(member.value): member for member in cls}
        cls._folded.update((fold(spelling), cls[name]) for spelling, name in also.items())
        SCHEMES[cls.__name__] = cls
        return cls

    return declare


@_scheme(_ELEMENT_LISTS + "itemelementtype/itemelementtype.scm")
class ItemElementType(Scheme):
    """Parts of ItemOptionalFields that an initiator may ask for; Date Due is what partners of 2.02 send beyond the list."""

    BIBLIOGRAPHIC_DESCRIPTION = "Bibliographic Description"
    CIRCULATION_STATUS = "Circulation Status"
    ELECTRONIC_RESOURCE = "Electronic Resource"
    HOLD_QUEUE_LENGTH = "Hold Queue Length"
    ITEM_DESCRIPTION = "Item Description"
    ITEM_USE_RESTRICTION_TYPE = "Item Use Restriction Type"
    LOCATION = "Location"
    PHYSICAL_CONDITION = "Physical Condition"
    SECURITY_MARKER = "Security Marker"
    SENSITIZATION_FLAG = "Sensitization Flag"
    DATE_DUE = "Date Due"


@_scheme(_ELEMENT_LISTS + "userelementtype/userelementtype.scm", VisibleUserId="USER_ID")
class UserElementType(Scheme):
    """Parts of UserOptionalFields that an initiator may ask for."""

    AUTHENTICATION_INPUT = "Authentication Input"
    BLOCK_OR_TRAP = "Block Or Trap"
    DATE_OF_BIRTH = "Date Of Birth"
    NAME_INFORMATION = "Name Information"
    USER_ADDRESS_INFORMATION = "User Address Information"
    USER_LANGUAGE = "User Language"
    USER_PRIVILEGE = "User Privilege"
    USER_ID = "User Id"
    PREVIOUS_USER_ID = "Previous User Id"


@_scheme(_ELEMENT_LISTS + "agencyelementtype/agencyelementtype.scm")
class AgencyElementType(Scheme):
    """Parts of LookupAgencyResponse that an initiator may ask for."""

    AGENCY_ADDRESS_INFORMATION = "Agency Address Information"
    AGENCY_USER_PRIVILEGE_TYPE = "Agency User Privilege Type"
    APPLICATION_PROFILE_SUPPORTED_TYPE = "Application Profile Supported Type"
    AUTHENTICATION_PROMPT = "Authentication Prompt"
    CONSORTIUM_AGREEMENT = "Consortium Agreement"
    ORGANIZATION_NAME_INFORMATION = "Organization Name Information"


@_scheme(_ELEMENT_LISTS + "requestelementtype/requestelementtype.scm")
class RequestElementType(Scheme):
    """Parts of LookupRequestResponse that an initiator may ask for."""

    USER_ID = "User Id"
    REQUEST_TYPE = "Request Type"
    REQUEST_SCOPE_TYPE = "Request Scope Type"
    REQUEST_STATUS_TYPE = "Request Status Type"
    HOLD_QUEUE_POSITION = "Hold Queue Position"
    SHIPPING_INFORMATION = "Shipping Information"
    EARLIEST_DATE_NEEDED = "Earliest Date Needed"
    NEED_BEFORE_DATE = "Need Before Date"
    PICKUP_DATE = "Pickup Date"
    PICKUP_LOCATION = "Pickup Location"
    PICKUP_EXPIRY_DATE = "Pickup Expiry Date"
    DATE_OF_USER_REQUEST = "Date Of User Request"
    DATE_AVAILABLE = "Date Available"
    ACKNOWLEDGED_FEE_AMOUNT = "Acknowledged Fee Amount"
    PAID_FEE_AMOUNT = "Paid Fee Amount"


@_scheme(_LISTS + "requestscopetype/requestscopetype.scm", Title="BIBLIOGRAPHIC_ITEM")
class RequestScopeType(Scheme):
    """Whether one item is asked for, or any of a title."""

    BIBLIOGRAPHIC_ITEM = "Bibliographic Item"
    ITEM = "Item"


@_scheme(_LISTS + "requestedactiontype/requestedactiontype.scm")
class RequestedActionType(Scheme):
    """What to do with an item that is accepted."""

    CIRCULATE = "Circulate"
    CIRCULATE_AND_NOTIFY = "Circulate And Notify"
    HOLD_FOR_PICKUP = "Hold For Pickup"
    HOLD_FOR_PICKUP_AND_NOTIFY = "Hold For Pickup And Notify"


@_scheme(_LISTS + "circulationstatus/circulationstatus.scm")
class CirculationStatus(Scheme):
    """Where an item is in its circulation."""

    AVAILABLE_FOR_PICKUP = "Available For Pickup"
    AVAILABLE_ON_SHELF = "Available On Shelf"
    CIRCULATION_STATUS_UNDEFINED = "Circulation Status Undefined"
    CLAIMED_RETURNED_OR_NEVER_BORROWED = "Claimed Returned Or Never Borrowed"
    IN_PROCESS = "In Process"
    IN_TRANSIT_BETWEEN_LIBRARY_LOCATIONS = "In Transit Between Library Locations"
    LOST = "Lost"
    MISSING = "Missing"
    NOT_AVAILABLE = "Not Available"
    ON_LOAN = "On Loan"
    ON_ORDER = "On Order"
    PENDING_TRANSFER = "Pending Transfer"
    RECALLED = "Recalled"
    WAITING_TO_BE_RESHELVED = "Waiting To Be Reshelved"


@_scheme(_LISTS + "requesttype/requesttype.scm")
class RequestType(Scheme):
    """What is asked for."""

    ESTIMATE = "Estimate"
    HOLD = "Hold"
    LOAN = "Loan"
    NON_RETURNABLE_COPY = "Non-returnable Copy"
    STACK_RETRIEVAL = "Stack Retrieval"


@_scheme(_LISTS + "requeststatustype/requeststatustype.scm")
class RequestStatusType(Scheme):
    """How far a request has come."""

    AVAILABLE_FOR_PICKUP = "Available For Pickup"
    CANNOT_FULFILL_REQUEST = "Cannot Fulfill Request"
    EXPIRED = "Expired"
    IN_PROCESS = "In Process"
    NEED_TO_ACCEPT_CONDITIONS = "Need to Accept Conditions"
    REQUESTED_VIA_ILL = "Requested Via ILL"


@_scheme(_LISTS + "visibleuseridentifiertype/visibleuseridentifiertype.scm", BarcodeId="BARCODE")
class UserIdentifierType(Scheme):
    """What kind of number a user is known by."""

    BARCODE = "Barcode"
    INSTITUTION_ID_NUMBER = "Institution Id Number"


@_scheme(_LISTS + "visibleitemidentifiertype/visibleitemidentifiertype.scm", ItemBarcode="BARCODE", BarcodeId="BARCODE")
class ItemIdentifierType(Scheme):
    """What kind of number an item is known by."""

    ACCESSION_NUMBER = "Accession Number"
    BARCODE = "Barcode"


@_scheme(_LISTS + "authenticationinputtype/authenticationinputtype.scm", Barcode="BARCODE_ID", Username="USER_ID")
class AuthenticationInputType(Scheme):
    """What a user typed in: who he is, or the proof of it."""

    BARCODE_ID = "Barcode Id"
    MD5_MESSAGE_DIGEST_ALGORITHM = "MD5 Message Digest Algorithm"
    PASSWORD = "Password"  # noqa: S105 - the name of a kind, not a password
    PIN = "PIN"
    SECONDARY_CONFIRMATION_STRING = "Secondary Confirmation String"
    USER_ID = "User Id"
    X_509_CERTIFICATE = "X.509 Certificate"


@_scheme(_LISTS + "bibliographicitemidentifiercode/bibliographicitemidentifiercode.scm")
class BibliographicItemIdentifierCode(Scheme):
    """Which numbering an edition's number belongs to; UPC and GTIN came with 2.02."""

    BICI = "BICI"
    CODEN = "CODEN"
    DOI = "DOI"
    GOVERNMENT_PUBLICATION_NUMBER = "Government Publication Number"
    GTIN = "GTIN"
    ISBN = "ISBN"
    ISMN = "ISMN"
    ISRC = "ISRC"
    ISSN = "ISSN"
    LEGAL_DEPOSIT_NUMBER = "Legal Deposit Number"
    PURL = "PURL"
    REPORT_NUMBER = "Report Number"
    SICI = "SICI"
    UPC = "UPC"
    URI = "URI"


@_scheme(_LISTS + "bibliographicrecordidentifiercode/bibliographicrecordidentifiercode.scm")
class BibliographicRecordIdentifierCode(Scheme):
    """Which catalogue a record's number belongs to."""

    ACCESSION_NUMBER = "Accession Number"
    ANBN = "ANBN"
    BNBN = "BNBN"
    CN = "CN"
    LCCN = "LCCN"
    NLM_TCN = "NLM TCN"
    OCLC = "OCLC"
    RLIN = "RLIN"


@_scheme(_LISTS + "itemuserestrictiontype/itemuserestrictiontype.scm")
class ItemUseRestrictionType(Scheme):
    """What may not be done with an item."""

    AVAILABLE_FOR_SUPPLY_WITHOUT_RETURN = "Available For Supply Without Return"
    IN_LIBRARY_USE_ONLY = "In Library Use Only"
    LIMITED_CIRCULATION_LONG_LOAN_PERIOD = "Limited Circulation, Long Loan Period"
    LIMITED_CIRCULATION_NORMAL_LOAN_PERIOD = "Limited Circulation, Normal Loan Period"
    LIMITED_CIRCULATION_SHORT_LOAN_PERIOD = "Limited Circulation, Short Loan Period"
    NO_REPRODUCTION = "No Reproduction"
    NOT_FOR_LOAN = "Not For Loan"
    OVERNIGHT_ONLY = "Overnight Only"
    RENEWALS_NOT_PERMITTED = "Renewals Not Permitted"
    SUPERVISION_REQUIRED = "Supervision Required"
    TERM_LOAN = "Term Loan"
    USE_ONLY_IN_CONTROLLED_ACCESS = "Use Only In Controlled Access"
    USER_SIGNATURE_REQUIRED = "User Signature Required"


@_scheme(_LISTS + "locationtype/locationtype.scm")
class LocationType(Scheme):
    """Which of an item's places is meant."""

    CURRENT_LOCATION = "Current Location"
    PERMANENT_LOCATION = "Permanent Location"
    TEMPORARY_LOCATION = "Temporary Location"


@_scheme(_LISTS + "mediumtype/mediumtype.scm")
class MediumType(Scheme):
    """What an item is made of; DVD and Blu-Ray came with 2.02."""

    AUDIO_TAPE = "Audio Tape"
    BLU_RAY = "Blu-Ray"
    BOOK = "Book"
    BOOK_WITH_AUDIO_TAPE = "Book With Audio Tape"
    BOOK_WITH_COMPACT_DISC = "Book With Compact Disc"
    BOOK_WITH_DISKETTE = "Book With Diskette"
    BOUND_JOURNAL = "Bound Journal"
    CD_ROM = "CD-ROM"
    COMPACT_DISC = "Compact Disc (CD)"
    DISKETTE = "Diskette"
    DVD = "DVD"
    MAGAZINE = "Magazine"
    MICROFORM = "Microform"
    VIDEO_TAPE = "Video Tape"


@_scheme("http://www.niso.org/ncip/v2_0/imp1/schemes/useraddressroletype/useraddressroletype.scm")
class UserAddressRoleType(Scheme):
    """What a user's address is for."""

    BILL_TO = "Bill To"
    HOME = "Home"
    MULTI_PURPOSE = "Multi-Purpose"
    NOTICE = "Notice"
    SHIP_TO = "Ship To"
    WORK = "Work"


@_scheme(_LISTS + "physicaladdresstype/physicaladdresstype.scm")
class PhysicalAddressType(Scheme):
    """Where the post goes, or where the door is."""

    POSTAL_ADDRESS = "Postal Address"
    STREET_ADDRESS = "Street Address"


@_scheme(_LISTS + "unstructuredaddresstype/unstructuredaddresstype.scm")
class UnstructuredAddressType(Scheme):
    """How the lines of an address are told apart."""

    CARRIAGE_RETURN = "Carriage-Return, Newline-Delimited Text"
    HTML = "HTML"
    NEWLINE_DELIMITED_TEXT = "Newline-Delimited Text"
    XML = "XML"


@_scheme(_LISTS + "organizationnametype/organizationnametype.scm")
class OrganizationNameType(Scheme):
    """Which of an organisation's names is given."""

    ABBREVIATION_OR_ACRONYM = "Abbreviation Or Acronym"
    ALTERNATIVE_NAME = "Alternative Name"
    CONVERTED_NAME = "Converted Name"
    DISTINGUISHED_NAME = "Distinguished Name"
    OFFICIAL_NAME = "Official Name"
    TRANSLATED_NAME = "Translated Name"
    TRANSLITERATED_NAME = "Transliterated Name"


@_scheme("http://www.iana.org/assignments/uri-schemes", email="MAILTO", emailaddress="MAILTO", phone="TEL")
class ElectronicAddressType(Scheme):
    """Schemes of URIs: the few that libraries use."""

    MAILTO = "mailto"
    TEL = "tel"
    HTTP = "http"
    HTTPS = "https"


CURRENCY = "http://www.bsi-global.com/Technical+Information/Publications/_Publications/tig90x.doc"
"""Scheme of CurrencyCode (ISO 4217)."""
LANGUAGE = "http://lcweb.loc.gov/standards/iso639-2/bibcodes.html"
"""Scheme of Language and UserLanguage (ISO 639-2/B: `fre`)."""
BLOCK_OR_TRAP_TYPE = _LISTS + "blockortraptype/blockortraptype.scm"
"""Scheme of BlockOrTrapType, whose values are each library's own."""
