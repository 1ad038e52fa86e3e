"""Two records of one document become one; nothing that was on either is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, select, update
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from protocols.marc.record import Field, Record
from storage import schema
from storage.catalogue.access_points import ISBN, OTHER_NUMBER, AccessPoint
from storage.catalogue.merging import Merged, MergeReason, MergeRefused, merge_records, survivor
from storage.catalogue.query import Kind, Term
from storage.catalogue.records import NewRecord, save_records
from storage.circulation.holds.answers import HoldRequest
from storage.circulation.holds.change import CANCEL_HOLD
from storage.circulation.holds.lists import queue_of
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.circulation.undo import UNDO, UndoRequest
from storage.database import Location
from storage.network.declare import Passwords, apply_declaration, read_declaration
from storage.usecase import Origin
from tests.counter import Counter, at
from tests.network import LENS, NOW
from tests.reactor import await_
from tests.server.z3950.origin import _field, unimarc
from tests.storage.catalogue import running

CLERK = Origin("cli", "", 0)
FULL = unimarc(
    "z1", "Germinal", "Émile", "Zola", "9782253004226", "1885",
    _field("215", "a500 p."), _field("225", "aPoche"), _field("606", "aMines", "xGrèves"), _field("676", "a843"),
)  # fmt: skip
POOR = NewRecord(
    "AVION",
    "9",
    FULL.form,
    Record.from_iso2709(
        unimarc(
            "9", "Germinal", "E.", "Zola", "2-253-00422-8", "1885",
            _field("330", "aLa mine."), _field("606", "aMines", "xgrèves"), _field("995", "kR ZOL"),
        ).iso2709
    ).to_iso2709(),
    "Germinal",
    "Zola",
)  # fmt: skip


def fill(connection: Connection) -> None:
    """Save both records (1 and 2); items 1 and 2 are of the first, 10 of the second."""
    assert save_records(connection, [FULL], [1], NOW).ids == [1]
    assert save_records(connection, [POOR], [1], NOW).ids == [2]
    for record_id, items in ((1, (1, 2)), (2, (10,))):
        connection.execute(update(schema.item).where(schema.item.c.id.in_(items)).values(record_id=record_id))


@pytest.fixture
def filled(any_location: Location) -> Iterator[Counter]:
    with any_location.engine().begin() as connection:
        fill(connection)
    counter = Counter(any_location)
    yield counter
    counter.close()


def merge(counter: Counter, first: int, second: int, **ranks: str) -> Merged:
    found: Merged = await_(counter.store.work(merge_records, first, second, CLERK, NOW, None, ranks))
    return found


def content(counter: Counter, number: int) -> Record:
    with counter.location.engine(reads=True).connect() as connection:
        raw = connection.execute(select(schema.record.c.iso2709).where(schema.record.c.id == number)).scalar_one()
    return Record.from_iso2709(raw)


def found(counter: Counter, point: AccessPoint, text: str) -> list[int]:
    with counter.location.engine(reads=True).connect() as connection:
        return running.found(connection, Term((point,), Kind.WORDS, text), (1,))


def test_the_fuller_record_stays_and_gains_what_only_the_other_says(filled: Counter) -> None:
    before = content(filled, 2)
    assert merge(filled, 2, 1) == Merged(1, 2, 1, 0)
    made = content(filled, 1)
    assert made.value("330", "a") == "La mine."
    assert [field.get("a") for field in made.all("606")] == ["Mines"]
    assert [field.get("a") for field in made.all("010")] == ["9782253004226", "2-253-00422-8"]
    assert [field.get("b") for field in made.all("700")] == ["Émile"]
    assert made.value("035", "a") == "(AVION)9"
    assert made.value("995", "k") == "R ZOL"
    assert content(filled, 2) == before
    assert filled.sql("SELECT deleted FROM record ORDER BY id") == [(0,), (1,)]


def test_the_national_librarys_record_is_the_base_however_little_it_says(filled: Counter) -> None:
    with filled.location.engine().begin() as connection:
        ark = Field("003", "http://catalogue.bnf.fr/ark:/12148/cb31234567z")
        plain = Record.from_iso2709(POOR.iso2709)
        raw = Record(plain.leader, [*plain.fields, ark]).to_iso2709()
        save_records(connection, [NewRecord("AVION", "9", FULL.form, raw, "Germinal", "Zola")], [1], NOW)
    assert merge(filled, 1, 2, test="departmental") == Merged(2, 1, 2, 0)
    assert content(filled, 2).value("676", "a") == "843"


@pytest.mark.parametrize(
    ("ranks", "base"),
    [
        ({"avion": "large"}, 2),
        ({"avion": "departmental", "test": "large"}, 2),
        ({"avion": "national", "test": "departmental"}, 2),
        ({"avion": "large", "test": "departmental"}, 1),
        ({"avion": "other"}, 1),
        ({"avion": "large", "test": "large"}, 1),
    ],
)
def test_the_record_of_the_higher_source_is_the_base_and_of_one_rank_the_fuller(
    filled: Counter, ranks: dict[str, str], base: int
) -> None:
    before = {number: content(filled, number) for number in (1, 2)}
    made = merge(filled, 1, 2, **ranks)
    assert (made.base, made.superseded) == (base, 3 - base)
    whole = content(filled, base)
    assert (whole.value("330", "a"), whole.value("676", "a")) == ("La mine.", "843")
    assert content(filled, made.superseded) == before[made.superseded]


def test_items_loans_and_holds_are_as_many_as_before_and_on_the_record_that_is_left(filled: Counter) -> None:
    filled.checkout("R1", "I10")
    for card, record in (("R2", 1), ("R3", 2)):
        assert filled.answer(PLACE_HOLD, PlaceHoldRequest(card, at(LENS), record)).ok
    counts = "SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM loan), (SELECT count(*) FROM hold)"
    before = filled.sql(counts)
    assert merge(filled, 1, 2) == Merged(1, 2, 1, 1)
    assert filled.sql(counts) == before
    assert filled.sql("SELECT DISTINCT record_id FROM hold") == [(1,)]
    assert filled.sql("SELECT id FROM item WHERE record_id = 1 ORDER BY id") == [(1,), (2,), (10,)]
    (held,) = filled.sql("SELECT number FROM merge_move WHERE kind = 'hold'")
    assert filled.sql("SELECT item_id, hold_id, detail FROM journal WHERE act = 'record-merge' ORDER BY seq") == [
        (10, None, "2>1"),
        (None, *held, "2>1"),
        (None, None, "2>1"),
    ]


def test_the_old_number_leads_to_the_record_that_is_left(filled: Counter) -> None:
    merge(filled, 1, 2)
    with filled.location.engine(reads=True).connect() as connection:
        assert (survivor(connection, 2), survivor(connection, 1)) == (1, 1)
    placed = filled.answer(PLACE_HOLD, PlaceHoldRequest("R2", at(LENS), 2))
    assert (placed.ok, filled.sql("SELECT record_id FROM hold")) == (True, [(1,)])
    assert found(filled, OTHER_NUMBER, "(AVION)9") == [1]
    assert found(filled, ISBN, "2253004227") == [1]


def test_a_hold_is_ended_and_its_line_shown_by_the_old_number(filled: Counter) -> None:
    assert filled.answer(PLACE_HOLD, PlaceHoldRequest("R2", at(LENS), 2)).ok
    merge(filled, 1, 2)
    lines = [await_(filled.store.read(queue_of(number))) for number in (1, 2)]
    assert lines[0] == lines[1]
    assert len(lines[0]) == 1
    assert filled.answer(CANCEL_HOLD, HoldRequest(at(LENS), card="R2", record_id=2)).reasons == ()
    assert filled.sql("SELECT count(*) FROM hold") == [(0,)]


def test_a_hold_that_a_loan_ended_comes_back_on_the_record_that_is_left(filled: Counter) -> None:
    assert filled.answer(PLACE_HOLD, PlaceHoldRequest("R2", at(LENS), 2)).ok
    filled.checkout("R1", "I10")
    filled.checkin("I10")
    filled.checkout("R2", "I10")
    merge(filled, 1, 2)
    assert filled.answer(UNDO, UndoRequest("I10", "checkout", at(LENS))).reasons == ()
    assert filled.sql("SELECT record_id, item_id FROM hold") == [(1, 10)]


def test_an_items_source_may_name_the_old_record(filled: Counter) -> None:
    merge(filled, 1, 2)
    text = '[[items]]\nbarcode = "I3"\nowner = "LENS"\ntype = "BOOK"\nsource = "AVION"\ncontrol = "9"\n'
    with filled.location.engine().begin() as connection:
        apply_declaration(connection, read_declaration(text.encode()), filled.location.pins(), Passwords(str))
    assert filled.sql("SELECT record_id FROM item JOIN barcode ON item_id = item.id WHERE number = 'I3'") == [(1,)]


def test_a_chain_of_merges_leads_to_its_end(filled: Counter) -> None:
    merge(filled, 1, 2)
    with filled.location.engine().begin() as connection:
        more = [_field("300", "aNote"), _field("304", "aNote"), _field("410", "tPoche")]
        third = unimarc("z9", "Germinal", "Émile", "Zola", "9782253004226", "1885", *more * 8)
        assert save_records(connection, [third], [], NOW).ids == [3]
    assert merge(filled, 2, 3) == Merged(3, 1, 3, 0)
    with filled.location.engine(reads=True).connect() as connection:
        assert {survivor(connection, number) for number in (1, 2, 3)} == {3}
    assert content(filled, 3).value("330", "a") == "La mine."
    assert found(filled, OTHER_NUMBER, "(AVION)9") == [3]


def test_importing_both_again_undoes_nothing(filled: Counter) -> None:
    merge(filled, 1, 2)
    made = content(filled, 1)
    with filled.location.engine().begin() as connection:
        for each in (FULL, POOR):
            saved = save_records(connection, [each], [1], NOW)
            assert (saved.ids, saved.unchanged) == ([1], 1)
    assert content(filled, 1) == made


def test_a_reader_who_waits_for_both_is_not_decided_for(filled: Counter) -> None:
    for record in (1, 2):
        assert filled.answer(PLACE_HOLD, PlaceHoldRequest("R2", at(LENS), record)).ok
    with pytest.raises(MergeRefused) as refused:
        merge(filled, 1, 2)
    assert refused.value.reason is MergeReason.HELD_TWICE
    assert filled.sql("SELECT deleted FROM record") == [(0,), (0,)]


def test_what_cannot_be_merged_is_refused(filled: Counter) -> None:
    for pair, reason in (((1, 1), MergeReason.SAME), ((1, 77), MergeReason.UNKNOWN)):
        with pytest.raises(MergeRefused) as refused:
            merge(filled, *pair)
        assert refused.value.reason is reason
    merge(filled, 1, 2)
    with pytest.raises(MergeRefused) as refused:
        merge(filled, 1, 2)
    assert refused.value.reason is MergeReason.SAME


@pytest.mark.parametrize("first", ["hold", "merge"])
def test_a_hold_placed_while_records_are_merged_ends_on_the_record_that_is_left(filled: Counter, first: str) -> None:
    store = filled.store
    waiting: list[Deferred[Any]] = []
    for card in ("R2", "R3", "R4", "R5"):
        if (card, first) == ("R3", "merge"):
            waiting.append(store.work(merge_records, 1, 2, CLERK, NOW))
        waiting.append(store.transact(PLACE_HOLD, PlaceHoldRequest(card, at(LENS), 2), NOW))
        if (card, first) == ("R3", "hold"):
            waiting.append(store.work(merge_records, 1, 2, CLERK, NOW))
    for each in waiting:
        await_(each)
    assert filled.sql("SELECT record_id, count(*) FROM hold GROUP BY record_id") == [(1, 4)]


def test_a_hold_asked_for_in_the_middle_of_a_merge_waits_for_its_end(postgresql_location: Location) -> None:
    with postgresql_location.engine().begin() as connection:
        fill(connection)
    counter = Counter(postgresql_location)
    began = []

    def slowly(connection: Connection) -> None:
        merge_records(connection, 1, 2, CLERK, NOW)
        # The hold is asked for now, on a connection of its own, and waits: it has not come when we look again.
        reactor.callFromThread(  # type: ignore[attr-defined]
            lambda: began.append(counter.store.transact(PLACE_HOLD, PlaceHoldRequest("R2", at(LENS), 2), NOW))
        )
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        for _ in range(2_000):
            with postgresql_location.engine(reads=True).connect() as other:
                if other.exec_driver_sql(waits).scalar_one():
                    return
        pytest.fail("nobody waits")

    def whole() -> None:
        with postgresql_location.engine().begin() as connection:
            slowly(connection)

    try:
        await_(deferToThread(whole))
        answer = await_(began[0]).answer
        assert answer is not None
        assert answer.ok
        assert counter.sql("SELECT record_id FROM hold") == [(1,)]
    finally:
        counter.close()
