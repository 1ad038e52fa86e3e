"""The content models of NCIP 2.02 below the messages: headers, problems, identifiers, names, addresses and money.

With `items` and `users` this is the one table of elements: names, order, cardinality and privacy, from the 2.02 schema of
Z39.83-2. The schema wins where the printed standard differs from it (`DateDue` last in ItemOptionalFields, `BibliographicId`
early in LoanedItem and RequestedItem). A class may serve several elements of one shape: `Agency` is FromAgencyId, ToAgencyId and
OnBehalfOfAgency; `Amount` is every sum of money.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from protocols.ncip.model import Element, Many, One, Opt, Privacy, SchemeValue, element


@element()
class Agency(Element):
    """FromAgencyId, ToAgencyId, OnBehalfOfAgency: a library or a network."""

    agency_id: One[SchemeValue] = None


@element()
class InitiationHeader(Element):
    """Who asks, for whom, and whom."""

    from_system_id: Opt[SchemeValue] = None
    from_system_authentication: Annotated[Opt[str], Privacy.SECRET] = None
    from_agency_id: One[Agency] = None
    from_agency_authentication: Annotated[Opt[str], Privacy.SECRET] = None
    on_behalf_of_agency: Opt[Agency] = None
    to_system_id: Opt[SchemeValue] = None
    to_agency_id: One[Agency] = None
    application_profile_type: Opt[SchemeValue] = None


@element()
class ResponseHeader(Element):
    """Who answers, and whom."""

    from_system_id: Opt[SchemeValue] = None
    from_system_authentication: Annotated[Opt[str], Privacy.SECRET] = None
    from_agency_id: One[Agency] = None
    from_agency_authentication: Annotated[Opt[str], Privacy.SECRET] = None
    to_system_id: Opt[SchemeValue] = None
    to_agency_id: One[Agency] = None


@element()
class Problem(Element):
    """Why a service was not rendered; the value may repeat what a reader typed in."""

    problem_type: One[SchemeValue] = None
    problem_detail: Opt[str] = None
    problem_element: Opt[str] = None
    problem_value: Annotated[Opt[str], Privacy.PERSONAL] = None


@element()
class MandatedAction(Element):
    """The action has already taken place: record it."""

    date_event_occurred: One[datetime] = None


@element()
class UserId(Element):
    """A user's number at an agency."""

    agency_id: Opt[SchemeValue] = None
    user_identifier_type: Opt[SchemeValue] = None
    user_identifier_value: Annotated[One[str], Privacy.PERSONAL] = None


@element()
class PreviousUserId(Element):
    """A number that the user had before."""

    agency_id: One[SchemeValue] = None
    user_identifier_value: Annotated[One[str], Privacy.PERSONAL] = None
    valid_from_date: Opt[datetime] = None
    valid_to_date: Opt[datetime] = None


@element()
class AuthenticationInput(Element):
    """What the user typed in: who he is, or the proof of it."""

    authentication_input_data: Annotated[One[str], Privacy.SECRET] = None
    authentication_data_format_type: One[SchemeValue] = None
    authentication_input_type: One[SchemeValue] = None


@element()
class ItemId(Element):
    """An item's number at an agency."""

    agency_id: Opt[SchemeValue] = None
    item_identifier_type: Opt[SchemeValue] = None
    item_identifier_value: One[str] = None


@element()
class RequestId(Element):
    """A request's number at the agency that made it."""

    agency_id: Opt[SchemeValue] = None
    request_identifier_type: Opt[SchemeValue] = None
    request_identifier_value: One[str] = None


@element()
class BibliographicItemId(Element):
    """An edition's number: ISBN, ISSN..."""

    bibliographic_item_identifier: One[str] = None
    bibliographic_item_identifier_code: Opt[SchemeValue] = None


@element(choice="AgencyId | BibliographicRecordIdentifierCode")
class BibliographicRecordId(Element):
    """A record's number in a catalogue."""

    bibliographic_record_identifier: One[str] = None
    agency_id: Opt[SchemeValue] = None
    bibliographic_record_identifier_code: Opt[SchemeValue] = None


@element(choice="BibliographicItemId | BibliographicRecordId")
class BibliographicId(Element):
    """An edition's number or a record's."""

    bibliographic_item_id: Opt[BibliographicItemId] = None
    bibliographic_record_id: Opt[BibliographicRecordId] = None


@element()
class ComponentId(Element):
    """The number of a part of a work."""

    component_identifier_type: One[SchemeValue] = None
    component_identifier: One[str] = None


@element()
class Amount(Element):
    """A sum: an integer in the currency's minor unit (150 is 1.50 EUR)."""

    currency_code: One[SchemeValue] = None
    monetary_value: One[int] = None


@element()
class FiscalTransactionReferenceId(Element):
    """The number of an entry in an account."""

    agency_id: One[SchemeValue] = None
    fiscal_transaction_identifier_value: One[str] = None


@element()
class StructuredPersonalUserName(Element):
    """A person's name in parts."""

    prefix: Annotated[Opt[str], Privacy.PERSONAL] = None
    given_name: Annotated[Opt[str], Privacy.PERSONAL] = None
    initials: Annotated[Opt[str], Privacy.PERSONAL] = None
    surname: Annotated[One[str], Privacy.PERSONAL] = None
    suffix: Annotated[Opt[str], Privacy.PERSONAL] = None


@element(choice="UnstructuredPersonalUserName | (StructuredPersonalUserName, UnstructuredPersonalUserName?)")
class PersonalNameInformation(Element):
    """A person's name."""

    structured_personal_user_name: Opt[StructuredPersonalUserName] = None
    unstructured_personal_user_name: Annotated[Opt[str], Privacy.PERSONAL] = None


@element()
class OrganizationNameInformation(Element):
    """An organisation's name."""

    organization_name_type: One[SchemeValue] = None
    organization_name: Annotated[One[str], Privacy.PERSONAL] = None


@element(choice="PersonalNameInformation | OrganizationNameInformation+")
class NameInformation(Element):
    """A user's name."""

    personal_name_information: Opt[PersonalNameInformation] = None
    organization_name_information: Many[OrganizationNameInformation] = ()


@element(
    choice="(LocationWithinBuilding?, HouseName?, (District | (PostOfficeBox, District?)"
    " | (Street, PostOfficeBox?, District?))) | (Line1, Line2?)"
)
class StructuredAddress(Element):
    """A postal address in parts."""

    location_within_building: Annotated[Opt[str], Privacy.PERSONAL] = None
    house_name: Annotated[Opt[str], Privacy.PERSONAL] = None
    street: Annotated[Opt[str], Privacy.PERSONAL] = None
    post_office_box: Annotated[Opt[str], Privacy.PERSONAL] = None
    district: Annotated[Opt[str], Privacy.PERSONAL] = None
    line1: Annotated[Opt[str], Privacy.PERSONAL] = None
    line2: Annotated[Opt[str], Privacy.PERSONAL] = None
    locality: Annotated[Opt[str], Privacy.PERSONAL] = None
    region: Annotated[Opt[str], Privacy.PERSONAL] = None
    country: Annotated[Opt[str], Privacy.PERSONAL] = None
    postal_code: Annotated[Opt[str], Privacy.PERSONAL] = None
    care_of: Annotated[Opt[str], Privacy.PERSONAL] = None


@element()
class UnstructuredAddress(Element):
    """A postal address in lines."""

    unstructured_address_type: One[SchemeValue] = None
    unstructured_address_data: Annotated[One[str], Privacy.PERSONAL] = None


@element(choice="StructuredAddress | UnstructuredAddress")
class PhysicalAddress(Element):
    """Where post is sent, or someone lives."""

    structured_address: Opt[StructuredAddress] = None
    unstructured_address: Opt[UnstructuredAddress] = None
    physical_address_type: One[SchemeValue] = None


@element()
class ElectronicAddress(Element):
    """An e-mail address, a telephone number."""

    electronic_address_type: One[SchemeValue] = None
    electronic_address_data: Annotated[One[str], Privacy.PERSONAL] = None


@element(choice="PhysicalAddress | ElectronicAddress")
class ShippingInformation(Element):
    """Where an item is sent, and how."""

    shipping_instructions: Annotated[Opt[str], Privacy.PERSONAL] = None
    shipping_note: Annotated[Opt[str], Privacy.PERSONAL] = None
    physical_address: Opt[PhysicalAddress] = None
    electronic_address: Opt[ElectronicAddress] = None


@element()
class Pending(Element):
    """The answer comes later."""

    date_of_expected_reply: Opt[datetime] = None
