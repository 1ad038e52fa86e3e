"""The same use cases without a daemon: on a plain connection, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from server.writing import Direct
from storage.circulation.accounts import item_information
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.status import Status
from storage.database import Location
from storage.direct import Overtaken, read
from storage.refusals import Reason
from storage.statements import Statement
from storage.usecase import Decision, Origin
from tests.network import LENS

ORIGIN = Origin("cli", "staff", LENS)


@pytest.fixture
def direct(any_location: Location) -> Direct:
    return Direct(any_location)


def status(direct: Direct) -> Status:
    item = direct.ask(lambda network: item_information(network, "I1", LENS, direct.now())).item
    assert item is not None
    return item.status


def test_an_act_is_decided_applied_and_kept(direct: Direct) -> None:
    assert direct.act(CHECKOUT, CheckoutRequest("R1", "I1", ORIGIN)).ok
    assert status(direct) is Status.ON_LOAN
    assert direct.act(CHECKOUT, CheckoutRequest("R2", "I1", ORIGIN)).reasons == (Reason.ON_LOAN_TO_OTHER,)
    assert direct.act(CHECKIN, CheckinRequest("I1", ORIGIN)).was_on_loan
    assert status(direct) is Status.AVAILABLE


def test_a_guard_of_the_database_is_the_refusal_of_who_came_late(direct: Direct) -> None:
    request = CheckoutRequest("R1", "I1", ORIGIN)
    network = direct.network
    first = direct.write(read, CHECKOUT.gather(request, network))
    blind = replace(
        CHECKOUT, decide=lambda request, _facts, network, now: CHECKOUT.decide(request, first, network, now)
    )
    assert direct.act(blind, request).ok
    assert direct.act(blind, request).reasons == (Reason.ON_LOAN_TO_OTHER,)


def test_an_act_that_is_overtaken_every_time_says_so_and_leaves_nothing(direct: Direct) -> None:
    never = Statement("never", text("UPDATE item SET note = 'x' WHERE id = -1"), guarded=True)
    also = Statement("also", text("UPDATE item SET note = 'x' WHERE id = 1"))
    usecase = replace(CHECKIN, decide=lambda *_: Decision(None, (also(), never())))
    with pytest.raises(Overtaken):
        direct.act(usecase, CheckinRequest("I1", ORIGIN))
    assert direct.read(lambda c: c.exec_driver_sql("SELECT note FROM item WHERE id = 1").scalar()) is None
