"""The content models of NCIP 2.02 that speak of agencies: where they are, and what they ask of who logs on."""

from __future__ import annotations

from datetime import datetime

from protocols.ncip.elements import ElectronicAddress, OrganizationNameInformation, PhysicalAddress
from protocols.ncip.model import Element, Flag, Many, One, Opt, SchemeValue, element


@element(choice="PhysicalAddress | ElectronicAddress")
class AgencyAddressInformation(Element):
    """One of an agency's addresses."""

    agency_address_role_type: One[SchemeValue] = None
    valid_from_date: Opt[datetime] = None
    valid_to_date: Opt[datetime] = None
    physical_address: Opt[PhysicalAddress] = None
    electronic_address: Opt[ElectronicAddress] = None


@element()
class PromptOutput(Element):
    """What to ask a user who logs on."""

    authentication_prompt_data: One[str] = None
    authentication_prompt_type: One[SchemeValue] = None


@element()
class PromptInput(Element):
    """What kind of answer is expected of a user who logs on."""

    authentication_input_type: One[SchemeValue] = None
    authentication_data_format_type: One[SchemeValue] = None
    sensitive_data_flag: Flag = False


@element()
class AuthenticationPrompt(Element):
    """One question that an agency asks of its users."""

    prompt_output: One[PromptOutput] = None
    prompt_input: One[PromptInput] = None


@element()
class AgencyFields(Element):
    """AddAgencyFields, DeleteAgencyFields: what changes of an agency."""

    organization_name_information: Many[OrganizationNameInformation] = ()
    agency_address_information: Many[AgencyAddressInformation] = ()
    authentication_prompt: Many[AuthenticationPrompt] = ()
    application_profile_supported_type: Many[SchemeValue] = ()
    consortium_agreement: Many[SchemeValue] = ()
    agency_user_privilege_type: Many[SchemeValue] = ()
