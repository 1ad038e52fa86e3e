"""Checks of what a sorter goes by: alert, alert type (CV), destination (CT) and bin (CL) of Checkin Response."""

from __future__ import annotations

from typing import Any, Final

from conformance.checks import Checks, want
from conformance.results import Level, NotApplicable
from conformance.sip2 import requests as ask
from conformance.sip2.bench import Bench
from conformance.sip2.client import Client
from conformance.sip2.requests import NOTHING
from conformance.sip2.simulators import routing
from protocols.sip2.codes import AlertType, HoldMode

check = Checks[Bench]()

_SAYS: Final = "3M extensions 1.20, check-in routing"
_MUST, _SHOULD = Level.MUST, Level.SHOULD


def _sorted(client: Client, barcode: str) -> Any:
    reply = client.ask(ask.checkin(barcode))
    faults = routing(reply)
    want(not faults, "; ".join(faults))
    return reply


@check("10 routing", _MUST, "alert, alert type and destination of a return agree, of what is not known as well", _SAYS)
def _agree(bench: Bench) -> None:
    client = bench.terminal()
    for barcode in (*bench.account.items, NOTHING):
        _sorted(client, barcode)


@check("10 same bin", _SHOULD, "an item that comes twice goes to the same bin", _SAYS)
def _bins(bench: Bench) -> None:
    client = bench.terminal()
    for barcode in bench.account.items:
        one, other = _sorted(client, barcode), _sorted(client, barcode)
        want(one.sort_bin == other.sort_bin, f"CL is {one.sort_bin!r}, then {other.sort_bin!r}")


def _held(bench: Bench, pickup: str) -> Any:
    """Return what is said of an item that comes back and is held for *pickup*; nothing of it is left."""
    client, account = bench.terminal(), bench.account
    barcode = account.items[1]
    if not client.ask(ask.hold(HoldMode.ADD, account.patron, barcode, pickup_location=pickup)).ok:
        raise NotApplicable(f"no hold can be placed here, to be fetched at {pickup}")
    try:
        return _sorted(client, barcode)
    finally:
        client.ask(ask.hold(HoldMode.DELETE, account.patron, barcode))


@check("10 hold here", _SHOULD, "what is held for here is told as 01, with an alert", _SAYS)
def _here(bench: Bench) -> None:
    if not bench.account.library:
        raise NotApplicable("--library does not say which library this is")
    reply = _held(bench, bench.account.library)
    want(reply.alert and reply.alert_type is AlertType.HOLD_HERE, f"alert is {reply.alert}, CV {reply.alert_type}")


@check("10 hold elsewhere", _SHOULD, "what is held for elsewhere is told as 02, with where to (CT) and an alert", _SAYS)
def _elsewhere(bench: Bench) -> None:
    if not bench.account.elsewhere:
        raise NotApplicable("--elsewhere does not name another library")
    reply = _held(bench, bench.account.elsewhere)
    told = (reply.alert, reply.alert_type, reply.destination_location)
    want(told == (True, AlertType.HOLD_ELSEWHERE, bench.account.elsewhere), f"alert, CV and CT are {told}")
