"""Checks of all 48 services: each answers in its own response, validly, with the standard's words; headers and releases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from conformance.checks import Checks, Row, want
from conformance.ncip.judge import content_of, named, texts
from conformance.ncip.session import UNKNOWN, Answer, Session
from conformance.ncip.smallest import smallest
from conformance.results import Failed, Level
from protocols.ncip import Envelope, Received, Release, SchemeValue, read, write
from protocols.ncip.elements import Agency, AuthenticationInput, InitiationHeader, UserId
from protocols.ncip.envelope import DEFAULTS, V1_0
from protocols.ncip.lookups import LookupItem, LookupUser
from protocols.ncip.model import NAMESPACE
from protocols.ncip.problems import GENERAL, MESSAGING, SERVICES, Group, problem_type, problem_type_of
from protocols.xmlsafe import SEPARATOR

check = Checks[Session]()

_SCHEME: Final = NAMESPACE + SEPARATOR + "Scheme"


def right_problems(service: str, answer: Answer) -> list[str]:
    """Give the types of an answer's problems. Raises Failed when one is not of the service, letter by letter, with its scheme."""
    for node in named(answer.content, "ProblemType"):
        kind = node.text.strip()
        known = problem_type_of(SchemeValue(kind))
        allowed = SERVICES[service].own | GENERAL | MESSAGING
        if known not in allowed or known != kind:
            raise Failed(f"{kind!r} is no problem type of {service}, letter by letter")
        scheme = problem_type(service, known).scheme
        want(node.attributes.get(_SCHEME) == scheme, f"{kind}: the scheme is not {scheme}")
    return answer.problems


def _own(service: str, answer: Answer) -> Answer:
    node = answer.content
    want(node.name == service + "Response", f"the answer is {node.name}")
    want(answer.status == 200, f"HTTP {answer.status}: clients take it for a broken line")
    return answer


def _empty(service: str, session: Session) -> None:
    answer = _own(service, session.valid(session.post(session.raw(service))))
    problems = right_problems(service, answer)
    if SERVICES[service].group is not Group.NOTIFICATION:
        want(problems, "an empty request was rendered")


def _unknown(service: str, session: Session) -> None:
    answer = _own(service, session.rightly(smallest(service, session.header)))
    problems = right_problems(service, answer)
    if SERVICES[service].group is Group.NOTIFICATION:
        want(not problems, f"a notification asks for no permission: {problems}")
    else:
        want(problems, "what names nothing that there is was rendered")


_MAKING: Final = frozenset(name for name in SERVICES if "Creat" in name) | {"AcceptItem"}
"""Services that would leave something behind."""


def _rows() -> Iterator[Row[Callable[[Session], None]]]:
    for name, service in SERVICES.items():
        if name == "LookupVersion":
            continue
        text = f"{name} without content is answered by a valid {name}Response, with exact problem types and schemes"
        yield Row(f"service.{name}", Level.MUST, text, "Z39.83-1, 6 and appendix A", partial(_empty, name))
        if name not in _MAKING:
            told = service.group is Group.NOTIFICATION
            text = f"the smallest valid {name}, about nothing that there is, is {'acknowledged' if told else 'refused'}"
            yield Row(f"unknown.{name}", Level.MUST, text, "Z39.83-1, 6", partial(_unknown, name))


check.extend(_rows())


@check(
    "version.document", Level.SHOULD, "LookupVersion is answered with the versions spoken", "Z39.83-1, LookupVersion"
)
def _version(session: Session) -> None:
    pair = "<UniqueAgencyId><Scheme>s</Scheme><Value>{0}</Value></UniqueAgencyId>"
    body = (
        '<NCIPVersionMessage version="http://www.niso.org/ncip/v1_0/imp1/xsd/ncip_version.xsd"><LookupVersion><FromAgencyId>'
        f"{pair.format(session.agency)}</FromAgencyId><ToAgencyId>{pair.format(session.to)}</ToAgencyId></LookupVersion>"
        "</NCIPVersionMessage>"
    )
    answer = session.post(body.encode()).body
    want(b"<NCIPVersionMessage" in answer, "the answer is no version document")
    want(b"<VersionSupported>" in answer, "no VersionSupported")


@check("form.root", Level.MUST, "what is no service of NCIP is answered with a problem at the root", "Z39.83-1, 5.2")
def _no_service(session: Session) -> None:
    answer = session.valid(session.post(session.raw("Frobnicate")))
    want(answer.content.name == "Problem", "no Problem under NCIPMessage")


@check("form.response", Level.SHOULD, "a response that was not asked for is a Protocol Error", "Z39.83-1, 5.3")
def _response(session: Session) -> None:
    answer = session.valid(session.post(session.raw("LookupItemResponse", head="")))
    want(answer.problems, "it was rendered")


# --- headers -----------------------------------------------------------------------------------------------------------------


def _agencies(answer: Answer) -> list[str]:
    head = next(iter(named(answer.content, "ResponseHeader")), None)
    if head is None:
        raise Failed("there is no ResponseHeader")
    return texts(head, "AgencyId")


@check(
    "header.swapped", Level.MUST, "the response header has the agencies of the request, swapped", "Z39.83-1, headers"
)
def _header(session: Session) -> None:
    answer = session.rightly(session.lookup())
    want(_agencies(answer) == [session.to, session.agency], f"agencies {_agencies(answer)}")


@check("header.secret", Level.MUST, "no answer holds a secret of the request's header", "Z39.83-1, headers")
def _header_secret(session: Session) -> None:
    head = (
        "<InitiationHeader><FromSystemAuthentication>secret-7c1b</FromSystemAuthentication><FromAgencyId><AgencyId>"
        f"{session.agency}</AgencyId></FromAgencyId><FromAgencyAuthentication>secret-7c1b</FromAgencyAuthentication>"
        f"<ToAgencyId><AgencyId>{session.to}</AgencyId></ToAgencyId></InitiationHeader>"
    )
    answer = session.valid(session.post(session.raw("LookupItem", head=head)))
    want(b"secret-7c1b" not in answer.body, "the answer holds a secret")
    want(not answer.all("FromAgencyAuthentication"), "the answer has an authentication")


@check("header.scheme", Level.SHOULD, "agencies keep the Scheme under which they came", "clients compare both")
def _header_scheme(session: Session) -> None:
    agency = Agency(agency_id=SchemeValue(session.agency, "urn:7c1b:agencies"))
    header = InitiationHeader(
        from_agency_id=agency, from_agency_authentication=session.secret, to_agency_id=Agency(agency_id=SchemeValue(session.to))
    )  # fmt: skip
    answer = session.rightly(LookupItem(initiation_header=header, item_id=session.lookup().item_id))
    (head,) = list(named(answer.content, "ResponseHeader")) or [answer.content]
    schemes = [node.attributes.get(_SCHEME) for node in named(head, "AgencyId")]
    want(schemes == [None, "urn:7c1b:agencies"], f"schemes {schemes}")


@check("header.systems", Level.SHOULD, "systems are swapped like agencies", "Z39.83-1, headers")
def _header_systems(session: Session) -> None:
    header = InitiationHeader(
        from_system_id=SchemeValue("FROM-7c1b"), from_agency_id=Agency(agency_id=SchemeValue(session.agency)),
        from_agency_authentication=session.secret, to_system_id=SchemeValue("TO-7c1b"),
        to_agency_id=Agency(agency_id=SchemeValue(session.to)),
    )  # fmt: skip
    answer = session.rightly(LookupItem(initiation_header=header, item_id=session.lookup().item_id))
    systems = answer.all("FromSystemId") + answer.all("ToSystemId")
    want(systems == ["TO-7c1b", "FROM-7c1b"], f"systems {systems}")


@check("header.behalf", Level.SHOULD, "OnBehalfOfAgency and ApplicationProfileType are no obstacle", "ncip in use")
def _header_behalf(session: Session) -> None:
    header = InitiationHeader(
        from_agency_id=Agency(agency_id=SchemeValue(session.agency)), from_agency_authentication=session.secret,
        on_behalf_of_agency=Agency(agency_id=SchemeValue("FR-7c1b")), to_agency_id=Agency(agency_id=SchemeValue(session.to)),
        application_profile_type=SchemeValue("7c1b"),
    )  # fmt: skip
    _own("LookupItem", session.rightly(LookupItem(initiation_header=header, item_id=session.lookup().item_id)))


@check("header.none", Level.MUST, "a message without a header has a valid answer", "headers are optional in 2.x")
def _headless(session: Session) -> None:
    _own("LookupItem", session.valid(session.post(session.raw("LookupItem", head=""))))


@check(
    "header.stranger",
    Level.MUST,
    "an agency that is not known is Unknown Agency, if agencies are told apart",
    "Z39.83-1, A",
)
def _stranger(session: Session) -> None:
    header = InitiationHeader(
        from_agency_id=Agency(agency_id=SchemeValue(UNKNOWN)), to_agency_id=Agency(agency_id=SchemeValue(session.to))
    )  # fmt: skip
    answer = session.rightly(LookupItem(initiation_header=header, item_id=session.lookup().item_id))
    refused = [kind for kind in right_problems("LookupItem", answer) if kind != "Unknown Item"]
    want(refused in ([], ["Unknown Agency"]), f"problems {refused}")


# --- problems ------------------------------------------------------------------------------------------------------------------


@check(
    "problem.item",
    Level.MUST,
    "an unknown item is Unknown Item, with its element and its number",
    "Z39.83-1, LookupItem",
)
def _unknown_item(session: Session) -> None:
    answer = session.rightly(session.lookup(UNKNOWN))
    want(right_problems("LookupItem", answer) == ["Unknown Item"], f"problems {answer.problems}")
    want(answer.all("ProblemElement"), "no ProblemElement")
    want(answer.all("ProblemValue") == [UNKNOWN], f"ProblemValue {answer.all('ProblemValue')}")


@check("problem.user", Level.MUST, "an unknown user is Unknown User", "Z39.83-1, LookupUser")
def _unknown_user(session: Session) -> None:
    user = UserId(user_identifier_value=UNKNOWN)
    answer = session.rightly(LookupUser(initiation_header=session.header, user_id=user))
    want(right_problems("LookupUser", answer) == ["Unknown User"], f"problems {answer.problems}")


@check(
    "problem.missing", Level.MUST, "what is needed and lacks is Needed Data Missing, with the element", "Z39.83-1, A"
)
def _missing(session: Session) -> None:
    answer = session.valid(session.post(session.raw("CheckInItem")))
    want(answer.problems == ["Needed Data Missing"], f"problems {answer.problems}")
    want(answer.all("ProblemElement"), "no ProblemElement")


@check("problem.quiet", Level.SHOULD, "an answer without a problem does not hold the word", "clients match text")
def _quiet(session: Session) -> None:
    session.thing()
    answer = session.rightly(session.lookup())
    want(b"roblem" not in answer.body, "the word Problem is in the answer")


def typed(kind: str, data: str) -> AuthenticationInput:
    """Make what a user typed in."""
    return AuthenticationInput(
        authentication_input_data=data, authentication_data_format_type=SchemeValue("text/plain"),
        authentication_input_type=SchemeValue(kind),
    )  # fmt: skip


def _refused_pin(session: Session, pin: str) -> None:
    who = typed("Barcode Id", session.reader().user_identifier_value or "")
    asked = LookupUser(
        initiation_header=session.header, authentication_input=(who, typed("PIN", pin)),
        user_element_type=(SchemeValue("Name Information"),),
    )  # fmt: skip
    answer = session.rightly(asked)
    want(right_problems("LookupUser", answer) == ["User Authentication Failed"], f"problems {answer.problems}")
    want(pin.encode() not in answer.body, "the PIN is repeated")
    want(not answer.all("NameInformation"), "the user's name is given away")


@check(
    "problem.pin", Level.MUST, "a wrong PIN gives nothing of the user away, and is not repeated", "Z39.83-1, LookupUser"
)
def _pin(session: Session) -> None:
    _refused_pin(session, "wrong-7c1b")


# --- releases ------------------------------------------------------------------------------------------------------------------


def _release(release: Release, session: Session) -> None:
    envelope = Envelope(version=DEFAULTS[release], release=release)
    answer = session.ask(session.lookup(), envelope)
    received = read(answer.body)
    want(isinstance(received, Received) and received.envelope.release is release, "the answer is of another release")
    want(DEFAULTS[release].encode() in answer.body, "the version is not as it was sent")


check.extend(
    Row(
        f"release.{release.name[1:].replace('_', '.')}", Level.MUST if release is Release.V2_02 else Level.SHOULD,
        f"a question of {release.name[1:].replace('_', '.')} is answered in its release, its version string repeated",
        "Z39.83-1, 5.1", partial(_release, release),
    )
    for release in (Release.V2_0, Release.V2_01, Release.V2_02)
)  # fmt: skip


@check("release.1.0", Level.SHOULD, "a question of 1.0, with its document type, is answered in 1.0", "Z39.83-1:2002")
def _first(session: Session) -> None:
    body = write(session.lookup(), Envelope(version=V1_0, release=Release.V1_0))
    received = read(session.post(body).body)
    want(isinstance(received, Received) and received.envelope.release is Release.V1_0, "the answer is not of 1.0")


@check("release.unknown", Level.SHOULD, "a version that there is not is read by its namespace", "versions in use")
def _odd(session: Session) -> None:
    answer = session.ask(session.lookup(), Envelope(version="5.6"))
    want(content_of(answer.body) is not None and answer.content.name == "LookupItemResponse", "it is not answered")


@check("release.prefix", Level.SHOULD, "the answer has the prefix of the question", "clients match text")
def _prefix(session: Session) -> None:
    answer = session.ask(session.lookup(), Envelope(prefix="z7c1b"))
    want(b"<z7c1b:LookupItemResponse" in answer.body, "another prefix")
