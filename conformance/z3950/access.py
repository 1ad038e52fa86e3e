"""Checks of access control: who has agreed to be asked who he is, what he answers, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from conformance.checks import Checks, want
from conformance.results import NotApplicable
from conformance.z3950 import ber
from conformance.z3950.bench import MAY, MUST, SHOULD, Bench
from conformance.z3950.ber import Node, context, oid_octets, sequence, universal
from conformance.z3950.client import OPTIONS, PROPOSED, Account, Association, Closed, Record, diagnostic, retrieved
from conformance.z3950.pdus import Pdu, make
from conformance.z3950.queries import BIB_1, Z3950
from conformance.z3950.search import common
from conformance.z3950.services import want_closed
from conformance.z3950.tasks import DELETE, RESULT_SET, request

check = Checks[Bench]()

_ACCESS: Final = "Z39.50 3.2.5, access control"
_PROMPTS: Final = "Z39.50 appendix ACC, prompt-1"
_PROMPT_1: Final = f"{Z3950}8.1"
_GROUP, _USER, _PASSWORD = 0, 1, 2
_MOST: Final = 20
_TASK: Final = request(RESULT_SET, function=DELETE, packageName="kit-no-such-package", referenceId=b"who")
"""What an account is needed for, and changes nothing: to delete a package that there is not."""
_STRANGER: Final = Account("kit-nobody", "kit-wrong")


def _asked(bench: Bench, **changes: object) -> tuple[Association, Pdu]:
    """Ask, as nobody, for what needs an account; return the challenge. Raises NotApplicable where there is none."""
    association = bench.granted("extendedServices", "accessCtrl", nobody=True, **changes)
    return association, _challenge(association)


def _challenge(association: Association) -> Pdu:
    association.send(_TASK)
    answer = association.receive()
    if answer.name != "accessControlRequest":
        raise NotApplicable(f"the server asks nobody who he is, and says {diagnostic(answer) or answer.name}")
    return answer


def _external(challenge: Pdu) -> Record:
    (external,) = challenge["externallyDefined"]
    return retrieved(None, external)


def _response(**members: object) -> Node:
    return make("accessControlResponse", **{"referenceId": b"who", **members})


def _defined(node: Node, form: str = _PROMPT_1) -> Node:
    external = universal(ber.EXTERNAL, [universal(ber.OID, oid_octets(form)), context(0, node)])
    return _response(externallyDefined=[external])


def answer_of(challenge: Pdu, account: Account) -> Node:
    """Return the response of an account, in the form that it is asked for. Raises NotApplicable in a form not known here."""
    if challenge["simpleForm"] is not None:
        return _response(simpleForm=f"{account.user}/{account.password}".encode())
    external = _external(challenge)
    if external.syntax != _PROMPT_1 or external.node is None:
        raise NotApplicable(f"who he is he is asked by {external.syntax}")
    answers = {_GROUP: account.group, _USER: account.user, _PASSWORD: account.password}
    kinds = [
        (kind, context(1, each.nodes[0].nodes)) for each in external.node.nodes if (kind := _kind(each)) in answers
    ]
    return _defined(context(2, [sequence(name, context(2, context(1, answers[kind]))) for kind, name in kinds]))


def _kind(prompt: Node) -> int:
    """Return what a prompt asks for, one of those that all know; -1 for another."""
    known = prompt.nodes[0].only
    return int.from_bytes(known.nodes[0].octets, "big") if known.tag == 1 else -1


@check("challenge only if agreed on", MUST, "who has not agreed to be asked is answered without a question", _ACCESS)
def _not_agreed(bench: Bench) -> None:
    bench.granted("extendedServices", nobody=True).ask(_TASK, "extendedServicesResponse")


@check("challenge", MUST, "a challenge has the referenceId of the request, and one question in one form", _ACCESS)
def _question(bench: Bench) -> None:
    _, challenge = _asked(bench)
    want(challenge["referenceId"] == b"who", f"the referenceId is {challenge['referenceId']!r}")
    forms = [name for name in ("simpleForm", "externallyDefined") if challenge[name]]
    want(len(forms) == 1, f"it has {forms}")


@check("challenge prompts", SHOULD, "each question of prompt-1 says what it asks for", _PROMPTS)
def _prompts(bench: Bench) -> None:
    _, challenge = _asked(bench)
    external = _external(challenge) if challenge["externallyDefined"] else None
    if external is None or external.syntax != _PROMPT_1:
        raise NotApplicable("the question is not in prompt-1")
    want(external.node is not None and external.node.tag == 1, "it is no challenge")
    assert external.node is not None
    want(external.node.nodes, "nothing is asked")
    for each in external.node.nodes:
        want(each.nodes[0].tag == 1 and each.nodes[0].only.tag in {1, 2}, "a question does not say what it asks for")


@check("challenge of version 2", MAY, "in version 2 a challenge is in the simple form, for who knows no other", _ACCESS)
def _old(bench: Bench) -> None:
    _, challenge = _asked(bench, protocolVersion=(0, 1))
    want(challenge["simpleForm"] is not None, "it is not in the simple form")


def _right(name: str, **changes: object) -> None:
    @check(f"challenge answered{name}", MUST, f"who answers right is served, and not asked again{name}", _ACCESS)
    def _look(bench: Bench) -> None:
        if not bench.account.user:
            raise NotApplicable("no account was given (--account)")
        association, challenge = _asked(bench, **changes)
        answer = association.ask(answer_of(challenge, bench.account), "extendedServicesResponse")
        want(answer["referenceId"] == b"who", f"the referenceId is {answer['referenceId']!r}")
        for each in (answer, association.ask(_TASK, "extendedServicesResponse")):
            found = diagnostic(each)
            want(found is None or found.condition not in _WHO, f"it is refused with {found}")


_WHO: Final = frozenset({101, 102, 222, 236, 1004})
"""Diagnostics that say that who asks may not."""
for _name, _versions in {"": (0, 1, 2), ", in version 2": (0, 1)}.items():
    _right(_name, protocolVersion=_versions)


@check("challenge among others", SHOULD, "what is asked before the answer is answered behind it", _ACCESS)
def _among(bench: Bench) -> None:
    if not bench.account.user:
        raise NotApplicable("no account was given (--account)")
    association, challenge = _asked(bench)
    association.send(association.search_request(common(bench)[0], referenceId=b"then"))
    association.send(answer_of(challenge, bench.account))
    got = [(each.name, each["referenceId"]) for each in (association.receive(), association.receive())]
    due = [("extendedServicesResponse", b"who"), ("searchResponse", b"then")]
    want(got == due, f"{got} come")


_DECLINED: Final = sequence(
    universal(ber.OID, oid_octets(f"{Z3950}4.1")), universal(2, 105), universal(ber.GENERAL, "kit")
)
_WRONG: Final[dict[str, tuple[str, Callable[[Pdu], Node]]]] = {
    "wrong": ("a wrong answer", lambda challenge: answer_of(challenge, _STRANGER)),
    "declined": ("an answer that says no (a diagnostic)", lambda _: _response(diagnostic=[_DECLINED])),
    "empty": ("an answer that says nothing", lambda _: _response()),
    "in another form": ("an answer in a form that was not asked for", lambda _: _defined(universal(ber.NULL, b""), BIB_1)),
    "broken": ("an answer that cannot be read", lambda _: _defined(context(2, universal(2, 7)))),
}  # fmt: skip
"""Name -> what is answered, and the response to a challenge that it is."""


def _declare_wrong(name: str, text: str, made: Callable[[Pdu], Node]) -> None:
    @check(f"challenge {name}", MUST, f"{text} lets nobody in: it is refused, or Close comes", _ACCESS)
    def _look(bench: Bench) -> None:
        association, challenge = _asked(bench)
        with suppress(Closed):
            association.send(made(challenge))
            answer = association.receive()
            if answer.name != "close":
                found = diagnostic(answer)
                want(answer.name == "extendedServicesResponse", f"{answer.name} comes")
                want(found and found.condition in {*_WHO, 100, 105}, f"it is refused with {found}, if at all")
                association.search(common(bench)[0])


for _name, _row in _WRONG.items():
    _declare_wrong(_name, *_row)


@check("challenges have an end", SHOULD, f"who answers wrong is not asked {_MOST} times in one association", _ACCESS)
def _guesses(bench: Bench) -> None:
    association, challenge = _asked(bench)
    for _ in range(_MOST):
        try:
            association.send(answer_of(challenge, _STRANGER))
            association.receive()
            challenge = _challenge(association)
        except (Closed, NotApplicable):
            return
    want(False, f"he is asked {_MOST} times")


@check(
    "challenge unanswered",
    MUST,
    "who closes, or goes, in place of an answer, is answered by Close and harms nobody",
    _ACCESS,
)
def _unanswered(bench: Bench) -> None:
    association, _ = _asked(bench)
    association.send(make("close", closeReason=0))
    with suppress(Closed):
        answer = association.receive()
        if answer.name == "extendedServicesResponse":  # what was on its way
            want(diagnostic(answer), "the task is done")
            answer = association.receive()
        want(answer.name == "close", f"{answer.name} comes")
    _asked(bench)[0].close()
    bench.association().search(common(bench)[0])


@check("answer without a challenge", MUST, "a response to a challenge that there was not ends the association", _ACCESS)
def _unasked(bench: Bench) -> None:
    for options in (PROPOSED, (*PROPOSED, OPTIONS["accessCtrl"])):
        association = bench.association(options=options)
        association.send(_response(simpleForm=b"kit/kit"))
        want_closed(association)
    bench.association().search(common(bench)[0])
