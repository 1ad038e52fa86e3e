"""Two of our daemons lend to each other: the whole life of a request in both directions at once, through kills and outages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import pytest

from tests.server.z3950.origin import GERMINAL
from tests.system.towns import Town, both_are, eventually

Away = Callable[[Town], AbstractContextManager[None]]


@pytest.fixture
def towns(small_network_template: Path, tmp_path: Path) -> Iterator[tuple[Town, Town]]:
    here = Town(tmp_path / "here", small_network_template, "FR-HERE", "FR-THERE")
    there = Town(tmp_path / "there", small_network_template, "FR-THERE", "FR-HERE")
    here.knows(there.endpoint)
    there.knows(here.endpoint)
    try:
        here.start()
        there.start()
        yield here, there
    finally:
        here.kill()
        there.kill()


def live(towns: tuple[Town, Town], away: Away) -> None:
    """Have each borrow from the other. *away* is what becomes of one side while the other acts."""
    ways = [(towns[0], towns[1]), (towns[1], towns[0])]

    def each(act: Callable[[Town, Town, str], None], state: str, which: int) -> None:
        """Have the borrower (0) or the lender (1) of each way act while the other may be away, then see that both know."""
        for way, number in zip(ways, numbers, strict=True):
            with away(way[1 - which]):
                act(way[which], way[1 - which], number)
                if way[1 - which].daemon is None and way[which].waiting():
                    way[which].tried()
            both_are(towns, number, state)

    numbers = []
    for borrower, lender in ways:
        with away(lender):
            numbers.append(borrower.ask(str(GERMINAL)))
        both_are(towns, numbers[-1], "accepted")

    def ship(lender: Town, borrower: Town, number: str) -> None:
        assert lender.scan("I1")[:3] == b"101"
        lender.note("shipped", borrower.agency, number)

    def receive(borrower: Town, lender: Town, _number: str) -> None:
        assert borrower.scan(f"{lender.agency}-I1", "lievin")[:3] == b"101"
        borrower.watch()

    each(ship, "shipped", 1)
    each(receive, "received", 0)

    def renew(borrower: Town, lender: Town, number: str) -> None:
        assert borrower.lend("R1", f"{lender.agency}-I1")[:3] == b"121"
        borrower.watch()
        borrower.note("renew-asked", borrower.agency, number)

    for way, number in zip(ways, numbers, strict=True):
        before = way[0].request(number)["due_back_on"]
        with away(way[1]):
            renew(*way, number)
        eventually(lambda w=way, n=number, b=before: w[0].request(n)["due_back_on"] > b, way[0].waiting)  # type: ignore[misc]  # defaults bind
        assert way[0].request(number)["due_back_on"] == way[1].request(number)["due_back_on"]
        assert way[0].request(number)["state"] == "lent"

    soon = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    for (borrower, lender), number in zip(ways, numbers, strict=True):
        with away(borrower):
            lender.note("recalled", borrower.agency, number, soon)
        eventually(lambda b=borrower, n=number: b.request(n)["recalled_on"], lender.waiting)  # type: ignore[misc]  # as above
        ((due_on,),) = borrower.sql("SELECT l.due_on FROM loan l JOIN item i ON i.id = l.item_id WHERE i.temporary = 1")
        assert due_on < soon

    def send_back(borrower: Town, lender: Town, number: str) -> None:
        assert borrower.scan(f"{lender.agency}-I1", "lievin")[:3] == b"101"
        borrower.watch()
        borrower.note("sent-back", borrower.agency, number)

    def come_home(lender: Town, _borrower: Town, _number: str) -> None:
        assert lender.scan("I1")[:3] == b"101"
        lender.watch()

    each(send_back, "sent-back", 0)
    each(come_home, "closed", 1)


def see(towns: tuple[Town, Town]) -> None:
    """See that nothing is left of what was lent, nothing was lost, and nothing done twice."""
    for town in towns:
        eventually(lambda t=town: not t.waiting(), town.waiting)  # type: ignore[misc]  # defaults bind
        assert town.sql("SELECT DISTINCT state FROM outbox") == [("sent",)]
        assert town.sql("SELECT role, state, patron_id FROM ill_request ORDER BY role") == [
            ("borrowing", "closed", None), ("lending", "closed", None)
        ]  # fmt: skip
        assert town.twice() == {}
        for left in ("loan", "hold", "transit WHERE received_at IS NULL"):
            assert town.sql(f"SELECT * FROM {left}") == []
        assert town.sql("SELECT condition, title FROM item WHERE temporary = 1") == [("withdrawn", "")]
        assert town.sql("SELECT number FROM barcode WHERE number LIKE 'FR-%'") == []
        assert town.sql("SELECT current_id = home_id FROM item WHERE id = 1") == [(1,)]


def test_nothing_is_lost_nor_done_twice_though_one_side_is_killed_at_every_message(towns: tuple[Town, Town]) -> None:
    @contextmanager
    def killed(town: Town) -> Iterator[None]:
        """Kill who has acted as soon as it has: its letter may have left, or not."""
        actor = next(each for each in towns if each is not town)
        yield
        actor.kill()
        actor.start()

    ways: Iterator[Away] = cycle([Town.away, killed])

    def in_turn(town: Town) -> AbstractContextManager[None]:
        return next(ways)(town)

    live(towns, in_turn)
    see(towns)


def test_an_outage_of_both_in_turn_is_waited_for(towns: tuple[Town, Town]) -> None:
    here, there = towns
    there.kill()
    numbers = [here.ask(str(GERMINAL), card) for card in ("R1", "R2", "R3")]
    here.tried()
    here.kill()
    there.start()
    here.start()
    for number in numbers:
        both_are(towns, number, "accepted")
    for town, number in zip(cycle(towns), numbers, strict=False):
        other = next(each for each in towns if each is not town)
        with other.away():
            town.note("cancelled" if town is here else "refused", "FR-HERE", number)
            town.tried()
        eventually(
            lambda n=number: {each.request(n)["state"] for each in towns} <= {"cancelled", "unfilled"},  # type: ignore[misc]  # as above
            lambda n=number: [(each.request(n), each.waiting()) for each in towns],  # type: ignore[misc]  # as above
        )
    assert (here.twice(), there.twice()) == ({}, {})
    assert there.sql("SELECT * FROM hold") == []
