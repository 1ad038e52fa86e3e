"""What was said with partners is kept on either database, and forgotten by age and by number."""

from __future__ import annotations

import pytest

from storage.circulation.ill import exchanges as kept
from storage.circulation.ill.exchanges import FORGET_EXCHANGES, SAID, Exchange, Said, exchanges
from storage.ids import new_id
from storage.jobs.job import RunRequest, usecase_of
from storage.usecase import Origin
from tests.counter import Counter
from tests.network import NOW
from tests.reactor import await_

HERE = Origin("job", "ncip", 0)


def said(counter: Counter, *ages: int) -> None:
    lines = [
        Exchange(new_id(), 1, NOW - age, "in", "LookupItem", "2.02", "I1", "q1", "done", 150, asked="LookupItem()")
        for age in ages
    ]
    counter.do(SAID, Said(lines, HERE), now=NOW)


def forget(counter: Counter) -> list[int]:
    for _ in range(3):
        counter.do(usecase_of(FORGET_EXCHANGES), RunRequest(HERE, NOW), now=NOW)
    return [NOW - line.at for line in await_(counter.store.read(exchanges(1)))]


def test_exchanges_come_back_as_they_were_kept(counter: Counter) -> None:
    said(counter, 20, 10)
    first, second = await_(counter.store.read(exchanges(1, request="q1", item="I1")))
    assert (first.at, second.at) == (NOW - 20, NOW - 10)
    assert second._replace(id=0) == Exchange(
        0, 1, NOW - 10, "in", "LookupItem", "2.02", "I1", "q1", "done", 150, "", "LookupItem()", ""
    )
    assert await_(counter.store.read(exchanges(2))) == []


def test_old_exchanges_are_forgotten(counter: Counter) -> None:
    said(counter, kept.KEPT + 9, kept.KEPT + 8, 10)
    assert forget(counter) == [10]


def test_no_more_are_kept_than_there_is_room_for(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    said(counter, 5, 4, 3, 2, 1)
    assert forget(counter) == [2, 1]
