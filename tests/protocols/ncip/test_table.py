"""The tables: content models, lists, problem types, what is masked, and the page written from them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from protocols.ncip import SchemeValue, problem, reference
from protocols.ncip.elements import AuthenticationInput, InitiationHeader, NameInformation, UserId
from protocols.ncip.lookups import LookupUser, LookupUserResponse
from protocols.ncip.messages import MESSAGES
from protocols.ncip.model import Element, Kind, Privacy, content_model, tag_of
from protocols.ncip.problems import GENERAL, MESSAGING, SERVICES, Group, ProblemType, problem_type, problem_type_of
from protocols.ncip.reference import models
from protocols.ncip.schemes import (
    SCHEMES,
    CirculationStatus,
    ItemIdentifierType,
    MediumType,
    Scheme,
    UserElementType,
)
from protocols.ncip.users import UserOptionalFields
from tests.protocols.ncip.strategies import ncip_messages


def test_content_models_read_like_the_standard() -> None:
    assert content_model(LookupUser) == (
        "(InitiationHeader?, (UserId | AuthenticationInput+), UserElementType*, LoanedItemsDesired?, RequestedItemsDesired?,"
        " UserFiscalAccountDesired?)"
    )
    assert content_model(NameInformation) == "((PersonalNameInformation | OrganizationNameInformation+))"


@pytest.mark.parametrize(
    ("field", "tag"), [("item_id", "ItemId"), ("line1", "Line1"), ("user_optional_fields", "UserOptionalFields")]
)
def test_an_elements_name_is_its_fields(field: str, tag: str) -> None:
    assert tag_of(field) == tag


def test_an_element_has_one_kind_wherever_it_occurs() -> None:
    kinds: dict[str, set[Kind]] = {}
    privacy: dict[str, set[Privacy | None]] = {}
    for cls in models().values():
        for child in cls.TABLE:
            kinds.setdefault(child.tag, set()).add(child.kind)
            privacy.setdefault(child.tag, set()).add(child.privacy)
    assert [tag for tag, found in kinds.items() if len(found) > 1] == []
    assert [tag for tag, found in privacy.items() if len(found) > 1] == []


def test_secrets_and_readers_are_masked_however_deep_they_lie() -> None:
    asked = LookupUser(
        initiation_header=InitiationHeader(from_agency_authentication="hush", from_system_authentication="hush"),
        user_id=UserId(user_identifier_value="R000123"),
        authentication_input=(AuthenticationInput(authentication_input_data="1234"),),
    )
    assert repr(asked) == (
        "LookupUser(initiation_header=InitiationHeader(from_system_authentication=***, from_agency_authentication=***),"
        " user_id=UserId(user_identifier_value=***), authentication_input=(AuthenticationInput(authentication_input_data=***),))"
    )
    born = UserOptionalFields(date_of_birth=datetime(1970, 1, 1, tzinfo=UTC))
    assert "1970" not in repr(LookupUserResponse(user_optional_fields=born))


@settings(derandomize=True, deadline=None, max_examples=50)
@given(ncip_messages())
def test_no_repr_holds_a_masked_text(message: Element) -> None:
    assert "§" not in repr(message)


@pytest.mark.parametrize("scheme", SCHEMES.values())
def test_every_value_is_understood_in_any_writing(scheme: type[Scheme]) -> None:
    for member in scheme:
        for text in (
            member.value,
            member.value.upper(),
            f" {member.value.replace('-', '‑')} ",
            member.value.replace(" ", ""),
        ):
            assert scheme.of(SchemeValue(text, "whatever")) is member
        assert member.pair == SchemeValue(member.value, scheme.uri)
    assert scheme.of(SchemeValue("no such thing")) is None
    assert scheme.of(None) is None


@pytest.mark.parametrize(
    ("scheme", "sent", "meant"),
    [
        (ItemIdentifierType, "Item Barcode", ItemIdentifierType.BARCODE),
        (UserElementType, "Visible User Id", UserElementType.USER_ID),
        (MediumType, "compact disc (cd)", MediumType.COMPACT_DISC),
        (CirculationStatus, "on-loan", CirculationStatus.ON_LOAN),
    ],
)
def test_the_spellings_of_the_wild_are_known(scheme: type[Scheme], sent: str, meant: Scheme) -> None:
    assert scheme.of(SchemeValue(sent)) is meant


def test_there_are_forty_eight_services() -> None:
    groups = [service.group for service in SERVICES.values()]
    assert [groups.count(group) for group in Group] == [6, 22, 20]
    assert {name.removesuffix("Response") for name in MESSAGES} <= set(SERVICES)


def test_a_problem_has_the_scheme_that_defines_it_for_its_service() -> None:
    root = "http://www.niso.org/ncip/v1_0/schemes/"
    assert problem_type("LookupUser", ProblemType.UNKNOWN_USER).scheme == (
        root + "processingerrortype/lookupuserprocessingerror.scm"
    )
    assert problem_type("LookupAgency", ProblemType.UNKNOWN_AGENCY).scheme == (
        root + "processingerrortype/lookupagencyprocessingerror.scm"
    )
    assert problem_type("LookupUser", ProblemType.UNKNOWN_AGENCY).scheme == (
        root + "processingerrortype/generalprocessingerror.scm"
    )
    assert problem_type(None, ProblemType.PROTOCOL_ERROR).scheme == root + "messagingerrortype/messagingerrortype.scm"
    with pytest.raises(ValueError, match="User Blocked"):
        problem_type("LookupUser", ProblemType.USER_BLOCKED)


def test_every_problem_type_belongs_to_a_list_and_is_recognised() -> None:
    owned = set().union(*(service.own for service in SERVICES.values()))
    assert owned | GENERAL | MESSAGING == set(ProblemType)
    for kind in ProblemType:
        assert problem_type_of(SchemeValue(kind.value.upper().replace("-", "−"))) is kind
    assert problem_type_of(None) is None


def test_a_problem_never_shows_its_value() -> None:
    trouble = problem("LookupUser", ProblemType.UNKNOWN_USER, "unknown", "UserIdentifierValue", "R000123")
    assert "R000123" not in repr(trouble)


def test_the_reference_page_tells_every_row_of_every_table() -> None:
    page = reference()
    for name, cls in models().items():
        assert f"\n## {name}\n" in page
        assert content_model(cls) in page
        assert all(f"| {child.tag} |" in page for child in cls.TABLE)
    assert all(f"| {name} |" in page for name in SERVICES)
    assert all(scheme.uri in page for scheme in SCHEMES.values())
    assert "secret: never shown" in page


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Unkown User", ProblemType.UNKNOWN_USER),
        ("user unknown", ProblemType.UNKNOWN_USER),
        ("Unknown partner", ProblemType.UNKNOWN_AGENCY),
        ("Not On Loan", ProblemType.ITEM_NOT_CHECKED_OUT),
        ("9022", ProblemType.ITEM_NOT_CHECKED_OUT),
        ("unknown-item", ProblemType.UNKNOWN_ITEM),
        ("Renewal Not Allowed \u2212 Item Has Outstanding Requests", ProblemType.RENEWAL_NOT_ALLOWED),
        ("Anything", None),
    ],
)
def test_problems_are_known_by_what_products_call_them(words: str, kind: ProblemType | None) -> None:
    assert problem_type_of(SchemeValue(words)) is kind
