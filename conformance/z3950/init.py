"""Checks of Init: versions, options, sizes, who is let in, characters and language; and of how an association ends."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from conformance.checks import Checks, want
from conformance.results import Failed, NotApplicable
from conformance.z3950 import ber
from conformance.z3950.bench import MAY, MUST, SHOULD, Bench
from conformance.z3950.ber import Node, context, oid_octets, universal
from conformance.z3950.client import OPTIONS, PROPOSED, Account, Association, Closed, refusal_of_init
from conformance.z3950.pdus import Pdu, make
from conformance.z3950.queries import Z3950

check = Checks[Bench]()

_INIT: Final = "Z39.50 3.2.1, Init"
_CLOSE: Final = "Z39.50 3.2.11, Close"
_CHARSETS: Final = "negotiation record 15.3"
_UTF_8: Final = "1.0.10646.1.0.8"
_NAMES: Final = {bit: name for name, bit in OPTIONS.items()}
_ALL_OPTIONS: Final = tuple(range(22))
_SEARCH: Final = "@attr 1=1016 kit"


@check("init", MUST, "an Init is accepted, and the answer has every member that it must have", _INIT)
def _init(bench: Bench) -> None:
    bench.association()


@check(
    "init reference", MUST, "the referenceId comes back octet for octet, whatever is in it", "Z39.50 3.4, reference id"
)
def _reference(bench: Bench) -> None:
    for reference in (b"x", b"\x00\xff\x80", bytes(range(256)), b"z39origin-V5.0.1"):
        answer = bench.connection().init(bench.account, referenceId=reference)
        want(answer["referenceId"] == reference, f"for {reference[:20]!r} comes {answer['referenceId']!r}")


@check("init no reference", MUST, "without a referenceId none is made up", "Z39.50 3.4, reference id")
def _no_reference(bench: Bench) -> None:
    answer = bench.connection().init(bench.account, referenceId=None)
    want(answer["referenceId"] is None, f"{answer['referenceId']!r} comes")


@check("init version 3", MUST, "of the versions 1, 2 and 3 the highest that both know is taken", _INIT)
def _version_3(bench: Bench) -> None:
    answer = bench.connection().init(bench.account)
    want(answer["protocolVersion"] & {1, 2}, f"the versions are {_bits(answer, 'protocolVersion')}")


@check("init version 2", MUST, "where only version 2 is proposed, version 3 is not said to be in force", _INIT)
def _version_2(bench: Bench) -> None:
    answer = bench.connection().init(bench.account, protocolVersion=(0, 1))
    want(answer["result"], "it is refused")
    want(answer["protocolVersion"] <= {0, 1}, f"the versions are {_bits(answer, 'protocolVersion')}")
    want(1 in answer["protocolVersion"], "version 2 is not in force")


@check("init no version", MUST, "where there is no common version the Init is refused", _INIT)
def _no_version(bench: Bench) -> None:
    with suppress(Closed):
        answer = bench.connection().init(bench.account, protocolVersion=(7,))
        want(not answer["result"], f"it is accepted, with the versions {_bits(answer, 'protocolVersion')}")


@check("init later versions", MUST, "versions that there are not yet do no harm beside those that are known", _INIT)
def _later(bench: Bench) -> None:
    answer = bench.connection().init(bench.account, protocolVersion=tuple(range(12)))
    want(answer["result"], "it is refused")
    want(answer["protocolVersion"] <= {0, 1, 2}, f"the versions are {_bits(answer, 'protocolVersion')}")


@check("init options", MUST, "no option is granted that was not proposed", _INIT)
def _options(bench: Bench) -> None:
    for proposed in ((0, 1), (0, 1, 14), PROPOSED):
        answer = bench.connection().init(bench.account, options=proposed)
        more = answer["options"] - set(proposed)
        want(not more, f"{sorted(more)} are granted, {proposed} were proposed")


@check("init search and present", MUST, "Search and Present are granted to who proposes them", _INIT)
def _least(bench: Bench) -> None:
    answer = bench.connection().init(bench.account)
    want({0, 1} <= answer["options"], f"the options are {_bits(answer, 'options')}")


@check("init all options", SHOULD, "all options there are may be proposed; what is not done is not granted", _INIT)
def _all_options(bench: Bench) -> None:
    answer = bench.connection().init(bench.account, options=_ALL_OPTIONS)
    want(answer["result"], "it is refused")
    granted = answer["options"]
    want(not granted & {13, 15, 18}, f"{_bits(answer, 'options')}: what hardly an origin can do is granted")


@check(
    "init sizes", MUST, "the message size agreed on is not above the proposal, and the record size not below it", _INIT
)
def _sizes(bench: Bench) -> None:
    for size in (32_768, 1 << 20, 1 << 26):
        answer = bench.connection().init(bench.account, preferredMessageSize=size, exceptionalRecordSize=size)
        preferred, exceptional = answer["preferredMessageSize"], answer["exceptionalRecordSize"]
        want(0 < preferred <= size, f"{preferred} for {size}")
        want(exceptional >= preferred, f"a record has {exceptional} and a message {preferred}")


@check(
    "init size 0",
    SHOULD,
    "a message size of 0 means no preference: it is no reason to refuse",
    "what clients in use send",
)
def _size_0(bench: Bench) -> None:
    answer = bench.connection().init(bench.account, preferredMessageSize=0, exceptionalRecordSize=0)
    want(answer["result"], "it is refused")
    want(answer["preferredMessageSize"] > 0, "the size agreed on is 0: no record fits")


@check("init size in 5 octets", MUST, "a size that needs five octets or more is taken", "X.690 8.3, INTEGER")
def _size_5(bench: Bench) -> None:
    answer = bench.connection().init(bench.account, preferredMessageSize=1 << 33, exceptionalRecordSize=1 << 33)
    want(answer["result"], "it is refused")


@check("init names the server", SHOULD, "implementation name and version are told", _INIT)
def _names(bench: Bench) -> None:
    answer = bench.connection().init(bench.account)
    for name in ("implementationId", "implementationName", "implementationVersion"):
        want(answer[name], f"{name} is missing")


@check(
    "init unknown otherInfo", MUST, "other information that is not understood is passed over", "Z39.50 3.2.1, otherInfo"
)
def _other_information(bench: Bench) -> None:
    unit = ber.sequence(
        context(1, [context(1, oid_octets("1.2.840.10003.10.1000.999.1")), context(2, 7)]), context(2, "kit")
    )
    answer = bench.connection().init(bench.account, otherInfo=[unit])
    want(answer["result"], "it is refused")


@check("init user information", SHOULD, "user information that is not understood is passed over", _INIT)
def _user_information(bench: Bench) -> None:
    external = universal(
        ber.EXTERNAL, [universal(ber.OID, oid_octets("1.2.840.10003.10.1000.999")), context(1, b"kit")]
    )
    want(bench.connection().init(bench.account, userInformationField=[external])["result"], "it is refused")


# --- who is let in ------------------------------------------------------------------------------------------------------


@check(
    "init open",
    SHOULD,
    "an account is taken as open authentication, user/password",
    "Z39.50 3.2.1.1.5, id authentication",
)
def _open(bench: Bench) -> None:
    _let_in(bench, "open")


@check("init idPass", SHOULD, "an account is taken as idPass", "Z39.50 3.2.1.1.5, id authentication")
def _id_pass(bench: Bench) -> None:
    _let_in(bench, "idPass")


def _let_in(bench: Bench, form: str) -> None:
    if not bench.account.user:
        raise NotApplicable("no account was given (--account)")
    identity = bench.account.node(form)
    assert identity is not None
    answer = bench.connection().init(bench.account, idAuthentication=identity.nodes)
    want(answer["result"], f"it is refused: {refusal_of_init(answer)}")


@check(
    "init anonymous", SHOULD, "who is nobody is let in, or refused with a reason", "Z39.50 3.2.1.1.5, id authentication"
)
def _anonymous(bench: Bench) -> None:
    for form in ("anonymous", ""):
        identity = Account().node(form)
        nodes = None if identity is None else identity.nodes
        answer = bench.connection().init(Account(), idAuthentication=nodes)
        want(answer["result"] or refusal_of_init(answer), "it is refused without a reason")


@check("init wrong password", SHOULD, "a wrong password is refused", "Z39.50 3.2.1.1.5, id authentication")
def _wrong(bench: Bench) -> None:
    if not bench.account.user:
        raise NotApplicable("no account was given (--account)")
    for form in ("open", "idPass"):
        answer = _tried(bench, form)
        want(answer is None or not answer["result"], f"it is accepted, as {form}")


def _tried(bench: Bench, form: str) -> Pdu | None:
    identity = Account(bench.account.user, f"{bench.account.password}-wrong", bench.account.group).node(form)
    assert identity is not None
    with suppress(Closed):
        return bench.connection().init(bench.account, idAuthentication=identity.nodes)
    return None


@check(
    "init refusal explained",
    SHOULD,
    "a refused Init says why, in userInformationField",
    "ZIG agreement on Init diagnostics",
)
def _explained(bench: Bench) -> None:
    if not bench.account.user:
        raise NotApplicable("no account was given (--account)")
    answer = _tried(bench, "idPass")
    if answer is None or answer["result"]:
        raise NotApplicable("nothing was refused in an answer")
    found = refusal_of_init(answer)
    want(found, "there is no diagnostic that can be read")
    assert found is not None
    want(found.condition in range(1010, 1024) or found.condition in {2, 100, 101, 236}, f"the diagnostic is {found}")


@check("init once refused", MUST, "after a refused Init nothing is answered but another Init", _INIT)
def _once_refused(bench: Bench) -> None:
    connection = bench.connection()
    with suppress(Closed):
        answer = connection.init(bench.account, protocolVersion=(7,))
        if answer["result"]:
            raise NotApplicable("the Init was not refused")
        connection.send(connection.search_request(_SEARCH))
        found = connection.receive()
        want(found.name == "close" or not found["searchStatus"], "a Search is answered")


@check("search before init", MUST, "before an Init nothing is searched", _INIT)
def _before(bench: Bench) -> None:
    connection = bench.connection()
    connection.send(connection.search_request(_SEARCH))
    with suppress(Closed):
        found = connection.receive()
        want(found.name == "close" or not found["searchStatus"], "a Search is answered")


@check("init again", SHOULD, "a second Init is answered, and begins anew, or the association is closed", _INIT)
def _again(bench: Bench) -> None:
    association = bench.association()
    with suppress(Closed):
        association.count(_SEARCH)
        association.send(make(
            "initRequest", referenceId=b"again", protocolVersion=(0, 1, 2), options=(0, 1),
            preferredMessageSize=1 << 20, exceptionalRecordSize=1 << 20,
            idAuthentication=node.nodes if (node := bench.account.node()) else None,
        ))  # fmt: skip
        found = association.receive()
        want(found.name in {"initResponse", "close"}, f"{found.name} comes")
        if found.name == "initResponse" and found["result"]:
            association.search(_SEARCH)


# --- characters and language --------------------------------------------------------------------------------------------


def proposal(*, records: bool | None = True, languages: tuple[str, ...] = ("fre", "eng")) -> list[Node]:
    """Return the otherInfo of an Init that proposes UTF-8."""
    utf_8 = context(2, context(2, oid_octets(_UTF_8)))
    members = [context(1, utf_8), context(2, [universal(ber.GENERAL, each) for each in languages])]
    if records is not None:
        members.append(context(3, records))
    external = [universal(ber.OID, oid_octets(f"{Z3950}15.3")), context(0, context(1, members))]
    return [ber.sequence(context(4, external))]


def _chosen(answer: Pdu) -> tuple[Node, ...]:
    """Return the members of the response to a proposal. Raises NotApplicable."""
    for unit in answer["otherInfo"] or ():
        external = unit.get(4)
        if external is not None and (single := external.get(0)) is not None:
            want(single.only.tag == 2, f"the negotiation record holds {single.only.name}, not a response")
            nodes: tuple[Node, ...] = single.only.nodes
            return nodes
    raise NotApplicable("the server does not negotiate characters")


@check("init characters", SHOULD, "UTF-8 that is proposed is selected", _CHARSETS)
def _characters(bench: Bench) -> None:
    answer = bench.connection().init(bench.account, otherInfo=proposal())
    want(answer["result"], "the Init is refused")
    selected = next((each for each in _chosen(answer) if each.tag == 1), None)
    want(selected is not None, "no character set is selected")
    assert selected is not None
    level = selected.only.get(2) if selected.only.tag == 2 else None
    want(level is not None and ber.oid_text(level.octets) == _UTF_8, "another character set than UTF-8 is selected")


@check("init language", SHOULD, "a language is selected only if it was proposed", _CHARSETS)
def _language(bench: Bench) -> None:
    for languages in (("fre", "eng"), ("xho",)):
        answer = bench.connection().init(bench.account, otherInfo=proposal(languages=languages))
        found = next((each.octets.decode() for each in _chosen(answer) if each.tag == 2), None)
        want(found is None or found in languages, f"{found!r} is selected of {languages}")


@check(
    "init negotiation option", SHOULD, "a negotiation record is answered only where the option was proposed", _CHARSETS
)
def _negotiation(bench: Bench) -> None:
    answer = bench.connection().init(bench.account, otherInfo=proposal(), options=tuple({*PROPOSED} - {17}))
    want(answer["result"], "the Init is refused")
    want(17 not in answer["options"], "the option is granted")


@check("init broken negotiation", MUST, "a negotiation record that cannot be read does no harm", _CHARSETS)
def _broken(bench: Bench) -> None:
    for inside in (context(0, universal(2, 7)), context(1, b"\xff\xff"), context(0, context(1, context(9, 7)))):
        unit = ber.sequence(context(4, [universal(ber.OID, oid_octets(f"{Z3950}15.3")), inside]))
        answer = bench.connection().init(bench.account, otherInfo=[unit])
        want(answer["result"] or refusal_of_init(answer), "the Init is refused without a reason")


# --- the end ------------------------------------------------------------------------------------------------------------


@check("close", MUST, "Close is answered with Close, and then the connection ends", _CLOSE)
def _close(bench: Bench) -> None:
    for reason in (0, 9):
        association = bench.association()
        _in_version_3(association)
        answer = association.ask(make("close", referenceId=b"bye", closeReason=reason), "close")
        want(0 <= answer["closeReason"] <= 9, f"its reason is {answer['closeReason']}")
        _ends(association)


@check("close reference", SHOULD, "the referenceId of a Close comes back", _CLOSE)
def _close_reference(bench: Bench) -> None:
    association = bench.association()
    _in_version_3(association)
    answer = association.ask(make("close", referenceId=b"bye", closeReason=0), "close")
    want(answer["referenceId"] == b"bye", f"{answer['referenceId']!r} comes")


@check("close drops sets", MUST, "a result set ends with its association", "Z39.50 3.2.3, result sets")
def _drops(bench: Bench) -> None:
    bench.association().search(_SEARCH, "kit-of-before")
    answer = bench.association().present(1, 1, name="kit-of-before")
    want(answer["presentStatus"] == 5, "a set of another association is presented")


@check("end without close", MUST, "who ends the connection without Close harms nobody", _CLOSE)
def _without(bench: Bench) -> None:
    for _ in range(5):
        association = bench.association()
        association.send(association.search_request(_SEARCH))
        association.close()
    bench.association().search(_SEARCH)


@check("version 2 has no close", SHOULD, "no Close is sent in an association of version 2", _CLOSE)
def _no_close(bench: Bench) -> None:
    association = bench.association(protocolVersion=(0, 1))
    if association.version != 2:
        raise NotApplicable("version 2 is not in force")
    association.write(b"\x02\x01\x07")  # No PDU at all.
    try:
        found = association.receive()
    except Closed:
        return
    want(found.name != "close", "Close is sent")


def _in_version_3(association: Association) -> None:
    if association.version < 3:
        raise NotApplicable("version 3 is not in force")


def _ends(association: Association) -> None:
    try:
        found = association.receive()
    except Closed:
        return
    except Failed:
        raise Failed("the connection stays open") from None
    raise Failed(f"{found.name} comes after Close")


def _bits(answer: Pdu, name: str) -> str:
    return ", ".join(
        _NAMES.get(each, str(each)) if name == "options" else str(each + 1) for each in sorted(answer[name])
    )


@check("init many at once", MAY, "twenty associations at once are served", "what portals do")
def _many(bench: Bench) -> None:
    associations = [bench.association() for _ in range(20)]
    for each in associations:
        each.search(_SEARCH)
