"""The content models of NCIP 2.02 that speak of items: what they are, where they are and where they go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from protocols.ncip.elements import (
    BibliographicItemId,
    BibliographicRecordId,
    ComponentId,
    ItemId,
    NameInformation,
    UserId,
)
from protocols.ncip.model import Element, Flag, Least, Many, One, Opt, SchemeValue, Some, element


@element()
class BibliographicDescription(Element):
    """What the work is."""

    author: Opt[str] = None
    author_of_component: Opt[str] = None
    bibliographic_item_id: Opt[BibliographicItemId] = None
    bibliographic_record_id: Many[BibliographicRecordId] = ()
    component_id: Opt[ComponentId] = None
    edition: Opt[str] = None
    pagination: Opt[str] = None
    place_of_publication: Opt[str] = None
    publication_date: Opt[str] = None
    publication_date_of_component: Opt[str] = None
    publisher: Opt[str] = None
    series_title_number: Opt[str] = None
    title: Opt[str] = None
    title_of_component: Opt[str] = None
    bibliographic_level: Opt[SchemeValue] = None
    sponsoring_body: Opt[str] = None
    electronic_data_format_type: Opt[SchemeValue] = None
    language: Opt[SchemeValue] = None
    medium_type: Opt[SchemeValue] = None


@element(choice="EnumerationCaption | (EnumerationLevel, EnumerationCaption?)")
class EnumerationLevelInstance(Element):
    """One level of a volume's numbering."""

    enumeration_level: Annotated[Opt[int], Least(1)] = None
    enumeration_caption: Opt[str] = None
    enumeration_value: One[str] = None


@element()
class HoldingsEnumeration(Element):
    """A volume's numbering."""

    enumeration_level_instance: Some[EnumerationLevelInstance] = ()


@element(choice="ChronologyCaption | (ChronologyLevel, ChronologyCaption?)")
class ChronologyLevelInstance(Element):
    """One level of a volume's dating."""

    chronology_level: Annotated[Opt[int], Least(1)] = None
    chronology_caption: Opt[str] = None
    chronology_value: One[str] = None


@element()
class HoldingsChronology(Element):
    """A volume's dating."""

    chronology_level_instance: Some[ChronologyLevelInstance] = ()


@element(choice="HoldingsChronology | (HoldingsEnumeration, HoldingsChronology?)")
class StructuredHoldingsData(Element):
    """Which volume, in parts."""

    holdings_enumeration: Opt[HoldingsEnumeration] = None
    holdings_chronology: Opt[HoldingsChronology] = None


@element(choice="StructuredHoldingsData+ | UnstructuredHoldingsData")
class HoldingsInformation(Element):
    """Which volume."""

    structured_holdings_data: Many[StructuredHoldingsData] = ()
    unstructured_holdings_data: Opt[str] = None


@element()
class ItemDescription(Element):
    """What tells this copy from others."""

    call_number: Opt[str] = None
    copy_number: Opt[str] = None
    item_description_level: Opt[SchemeValue] = None
    holdings_information: Opt[HoldingsInformation] = None
    number_of_pieces: Annotated[Opt[int], Least(1)] = None


@element()
class LocationNameInstance(Element):
    """One level of a place: 1 the network, 2 the commune, 3 the library, 4 the shelf."""

    location_name_level: Annotated[One[int], Least(1)] = None
    location_name_value: One[str] = None


@element()
class LocationName(Element):
    """A place, from the widest level to the narrowest."""

    location_name_instance: Some[LocationNameInstance] = ()


@element()
class Location(Element):
    """Where an item is, or belongs."""

    location_type: One[SchemeValue] = None
    location_name: One[LocationName] = None
    valid_from_date: Opt[datetime] = None
    valid_to_date: Opt[datetime] = None


@element()
class PhysicalCondition(Element):
    """What is wrong with an item."""

    physical_condition_type: One[SchemeValue] = None
    physical_condition_details: Opt[str] = None


@element(choice="(ElectronicDataFormatType, ActualResource) | ReferenceToResource")
class ElectronicResource(Element):
    """A file, or where to find it."""

    electronic_data_format_type: Opt[SchemeValue] = None
    actual_resource: Opt[str] = None
    reference_to_resource: Opt[str] = None


@element()
class ItemOptionalFields(Element):
    """What an initiator may ask about an item."""

    bibliographic_description: Opt[BibliographicDescription] = None
    item_use_restriction_type: Many[SchemeValue] = ()
    circulation_status: Opt[SchemeValue] = None
    hold_queue_length: Annotated[Opt[int], Least(0)] = None
    item_description: Opt[ItemDescription] = None
    location: Many[Location] = ()
    physical_condition: Opt[PhysicalCondition] = None
    electronic_resource: Opt[ElectronicResource] = None
    security_marker: Opt[SchemeValue] = None
    sensitization_flag: Flag = False
    date_due: Opt[datetime] = None


@element()
class CurrentUser(Element):
    """CurrentBorrower, CurrentRequester: who has an item, or waits for it."""

    user_id: One[UserId] = None


@element()
class ItemTransaction(Element):
    """Who has an item and who waits for it."""

    current_borrower: Opt[CurrentUser] = None
    current_requester: Many[CurrentUser] = ()


@element(choice="(DateDue | IndeterminateLoanPeriodFlag | NonReturnableFlag)?")
class ItemDetails(Element):
    """An item as an account or a notice speaks of it."""

    item_id: One[ItemId] = None
    bibliographic_description: One[BibliographicDescription] = None
    date_checked_out: Opt[datetime] = None
    date_renewed: Many[datetime] = ()
    date_due: Opt[datetime] = None
    indeterminate_loan_period_flag: Flag = False
    non_returnable_flag: Flag = False
    date_returned: Opt[datetime] = None


@element(choice="Location | (BinNumber, Location?)")
class Destination(Element):
    """Where a returned item goes: a crate, a place."""

    bin_number: Opt[str] = None
    location: Opt[Location] = None


@element()
class RoutingInformation(Element):
    """Where a returned item goes, and for whom."""

    routing_instructions: One[str] = None
    destination: One[Destination] = None
    request_type: Opt[SchemeValue] = None
    user_id: Opt[UserId] = None
    name_information: Opt[NameInformation] = None
