"""36 towns whose items and cards have the same numbers, 1 to N, circulate without a label being changed (domain.md 5.5)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.writing import Direct
from storage import database
from storage.circulation.accounts import resolve
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.facts import PatronRow
from storage.circulation.renew import RENEW, RenewRequest
from storage.database import Location
from storage.network.declare import Passwords, apply_declaration, read_declaration
from storage.refusals import Reason
from storage.usecase import Origin

TOWNS, NUMBERS = 36, 3


def declaration() -> str:
    lines = ['[[patron_categories]]\ncode = "ALL"\nname = "Tous"\n', '[[item_types]]\ncode = "BOOK"\nname = "Livre"\n']
    for town in range(1, TOWNS + 1):
        code = f"T{town:02}"
        lines.append(f'[[libraries]]\ncode = "{code}"\nname = "{code}"\nnamespace = "{code}"\n')
        for number in range(1, NUMBERS + 1):
            lines.append(
                f'[[items]]\nbarcode = "{number}"\nnamespace = "{code}"\nowner = "{code}"\ntype = "BOOK"\ntitle = "x"\n'
            )
            lines.append(
                f'[[patrons]]\ncode = "{code}-{number}"\ncategory = "ALL"\nhome = "{code}"\nsurname = "x"\n'
                f'[[patrons.cards]]\nnumber = "{number}"\nnamespace = "{code}"\n'
            )
    return "\n".join(lines)


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Direct:
    location = Location(tmp_path_factory.mktemp("towns"))
    database.upgrade(location.engine())
    direct = Direct(location)
    declared = read_declaration(declaration().encode(), lambda _profile: ())
    direct.write(apply_declaration, declared, location.pins(), Passwords(lambda text: text))
    return direct


def at(direct: Direct, town: int) -> Origin:
    return Origin("sip2", "kiosk", direct.network.by_code[f"T{town:02}"].id)


def test_a_full_loan_cycle_over_each_pair_of_towns(towns: Direct) -> None:
    """S-03: what is lent in its own town comes back in any other, is recognised there, and goes home."""
    network = towns.network
    places = {town: at(towns, town) for town in range(1, TOWNS + 1)}
    for lender in range(1, TOWNS + 1):
        back = lender % TOWNS + 1
        home = f"T{lender:02}"
        lent = towns.act(CHECKOUT, CheckoutRequest("1", "1", places[lender]))
        assert lent.ok
        assert lent.item is not None
        assert lent.item.owner.code == home
        returned = towns.act(CHECKIN, CheckinRequest("1", places[back]))
        assert returned.was_on_loan
        assert returned.item is not None
        assert (returned.item.owner.code, returned.destination) == (home, network.by_code[home])
        arrived = towns.act(CHECKIN, CheckinRequest("1", places[lender]))
        assert arrived.item is not None
        assert (arrived.item.owner.code, arrived.destination) == (home, None)
    assert towns.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM loan").scalar()) == 0
    assert towns.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM past_loan").scalar()) == TOWNS


def test_what_cannot_be_told_apart_is_left_to_staff(towns: Direct) -> None:
    """Two towns' items of one number are on loan, and a third town's stands on its shelf, where one of the two comes back."""
    assert towns.act(CHECKOUT, CheckoutRequest("2", "2", at(towns, 1))).ok
    assert towns.act(CHECKOUT, CheckoutRequest("2", "2", at(towns, 2))).ok
    assert towns.act(CHECKIN, CheckinRequest("2", at(towns, 3))).reasons == (Reason.AMBIGUOUS_ITEM,)
    assert towns.act(CHECKOUT, CheckoutRequest("2", "2", at(towns, 3))).ok
    mine = towns.act(CHECKIN, CheckinRequest("2", at(towns, 3)))
    assert mine.item is not None
    assert mine.item.owner.code == "T03"


def test_a_renewal_is_of_the_item_that_the_reader_has(towns: Direct) -> None:
    assert towns.act(CHECKOUT, CheckoutRequest("3", "3", at(towns, 5))).ok
    assert towns.act(CHECKOUT, CheckoutRequest("3", "3", at(towns, 6))).ok
    renewed = towns.act(RENEW, RenewRequest("3", "3", at(towns, 6)))
    assert renewed.item is not None
    assert renewed.item.owner.code == "T06"


def row(namespace: str, number: int) -> PatronRow:
    return PatronRow(namespace, "1", "active", number, "", 1, 1, "", "", None, None, 0, None, None, None, None, None)


@settings(derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from(["", "A", "B", "C"]), st.integers(1, 5)), min_size=1, max_size=6, unique=True),
    st.sampled_from(["A", "B", ""]),
    st.sets(st.integers(1, 5)),
)
def test_what_a_number_means_never_depends_on_the_order_of_rows(
    found: list[tuple[str, int]], namespace: str, apt: set[int]
) -> None:
    rows = [row(*one) for one in found]
    meant = {one.id for one in resolve(rows, namespace, lambda one: one.id in apt)}
    assert meant == {one.id for one in resolve(rows[::-1], namespace, lambda one: one.id in apt)}
    assert meant
    if any(not space for space, _ in found) and len(found) > 1:
        assert meant == {number for space, number in found if not space}
