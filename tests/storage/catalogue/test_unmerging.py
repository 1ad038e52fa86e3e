"""A merge is undone: each record is again what it was, and what moved follows back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, update

from protocols.marc.record import Record
from storage import schema
from storage.catalogue.access_points import ISBN, OTHER_NUMBER
from storage.catalogue.merging import MergeReason, MergeRefused, merge_records, survivor
from storage.catalogue.records import NewRecord, databases_of, save_records
from storage.catalogue.unmerging import Unmerged, unmerge_record
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.database import Location, upgrade
from tests.counter import Counter, at
from tests.network import LENS, NOW
from tests.reactor import await_
from tests.server.z3950.origin import _field, unimarc
from tests.storage.catalogue.test_merging import CLERK, FULL, POOR, content, fill, found, merge
from tests.storage.intake.importing import marc, run_import


@pytest.fixture
def filled(any_location: Location) -> Iterator[Counter]:
    """Records 1 (the fuller) and 2 of one document, in databases 1 and 2; items 1 and 2 are of the first, 10 of the second."""
    with any_location.engine().begin() as connection:
        fill(connection)
        connection.execute(insert(schema.database).values(id=2, name="AVION"))
        save_records(connection, [POOR], [2], NOW)
    counter = Counter(any_location)
    yield counter
    counter.close()


def unmerge(counter: Counter, number: int) -> Unmerged:
    done: Unmerged = await_(counter.store.work(unmerge_record, number, CLERK, NOW))
    return done


def bases(counter: Counter, *numbers: int) -> list[list[int]]:
    with counter.location.engine(reads=True).connect() as connection:
        return [databases_of(connection, number) for number in numbers]


def place(counter: Counter, card: str, record: int) -> int:
    answer = counter.answer(PLACE_HOLD, PlaceHoldRequest(card, at(LENS), record))
    assert answer.ok
    return int(answer.hold.id)


def saved(counter: Counter, *records: NewRecord) -> list[int]:
    with counter.location.engine().begin() as connection:
        return save_records(connection, records, [1], NOW).ids


def third() -> NewRecord:
    return unimarc("z9", "Germinal", "Émile", "Zola", "9782253004226", "1885", _field("327", "aDeuxième partie"))


def test_both_are_as_they_were_and_found_by_their_own(filled: Counter) -> None:
    before = content(filled, 1), content(filled, 2)
    merge(filled, 1, 2)
    assert bases(filled, 1, 2) == [[1, 2], []]
    assert unmerge(filled, 2) == Unmerged(2, 1, 1, 0)
    assert (content(filled, 1), content(filled, 2)) == before
    assert filled.sql("SELECT deleted FROM record ORDER BY id") == [(0,), (0,)]
    assert bases(filled, 1, 2) == [[1], [1, 2]]
    assert found(filled, OTHER_NUMBER, "(AVION)9") == []
    assert (found(filled, ISBN, "2253004227"), found(filled, ISBN, "2253004228")) == ([1], [2])
    assert filled.sql("SELECT * FROM supersession") == filled.sql("SELECT * FROM merge_move") == []
    for number, reason in ((2, MergeReason.NOT_MERGED), (999_999, MergeReason.UNKNOWN)):
        with pytest.raises(MergeRefused) as refused:
            unmerge(filled, number)
        assert refused.value.reason is reason


def test_items_with_their_loans_and_holds_follow_back_and_the_journal_tells_each(filled: Counter) -> None:
    filled.checkout("R1", "I10")
    mine, theirs = place(filled, "R2", 1), place(filled, "R3", 2)
    merge(filled, 1, 2)
    later = place(filled, "R4", 2)  # which leads to the base
    assert unmerge(filled, 2) == Unmerged(2, 1, 1, 1)
    assert filled.sql("SELECT id, record_id FROM hold ORDER BY id") == sorted([(mine, 1), (theirs, 2), (later, 1)])
    assert filled.sql("SELECT id FROM item WHERE record_id = 2") == [(10,)]
    assert filled.sql("SELECT item_id FROM loan") == [(10,)]
    told = filled.sql("SELECT item_id, hold_id, detail FROM journal WHERE act = 'record-unmerge' ORDER BY seq")
    assert told == [(10, None, "1>2"), (None, theirs, "1>2"), (None, None, "1>2")]
    assert filled.answer(PLACE_HOLD, PlaceHoldRequest("R3", at(LENS), 1)).ok  # two titles again


def test_open_requests_to_partners_follow_there_and_back_and_closed_ones_stay(filled: Counter) -> None:
    with filled.location.engine().begin() as connection:
        partner = connection.execute(select(schema.partner.c.id).limit(1)).scalar_one()
        for number, closed in ((1, None), (2, NOW)):
            said = {"role": "lending", "state": "closed" if closed else "accepted", "made_at": NOW, "since_at": NOW}
            keys = {"id": number, "number": str(number), "agency": "X", "partner_id": partner, "pickup_id": LENS}
            connection.execute(insert(schema.ill_request).values(**said, **keys, record_id=2, closed_at=closed))
    merge(filled, 1, 2)
    assert filled.sql("SELECT id, record_id FROM ill_request ORDER BY id") == [(1, 1), (2, 2)]
    unmerge(filled, 2)
    assert filled.sql("SELECT id, record_id FROM ill_request ORDER BY id") == [(1, 2), (2, 2)]


def test_a_hold_goes_with_the_item_that_is_put_aside_for_it(filled: Counter) -> None:
    filled.checkout("R1", "I10")
    mine, theirs = place(filled, "R2", 1), place(filled, "R3", 2)
    merge(filled, 1, 2)
    filled.checkin("I10")  # the first in the line is the base's reader
    assert filled.sql("SELECT id FROM hold WHERE item_id = 10") == [(mine,)]
    filled.checkout("R1", "I1")
    filled.checkin("I1")
    assert filled.sql("SELECT id FROM hold WHERE item_id = 1") == [(theirs,)]
    unmerge(filled, 2)
    assert filled.sql("SELECT id, record_id FROM hold ORDER BY id") == sorted([(mine, 2), (theirs, 1)])


def test_an_item_is_asked_for_no_more_on_behalf_of_a_hold_on_the_other_record(filled: Counter) -> None:
    mine, theirs = place(filled, "R2", 1), place(filled, "R3", 2)
    merge(filled, 1, 2)
    filled.sql("DELETE FROM pull")
    for number, (hold, item) in enumerate(((mine, 10), (theirs, 1))):
        filled.sql(
            "INSERT INTO pull (id, hold_id, item_id, library_id, asked_at, until_at) VALUES (:n, :h, :i, :l, 0, 9)",
            n=number, h=hold, i=item, l=LENS,
        )  # fmt: skip
    unmerge(filled, 2)
    assert filled.sql("SELECT outcome, ended_at FROM pull") == [("released", NOW)] * 2


def test_a_chain_is_undone_from_its_end(filled: Counter) -> None:
    before = content(filled, 1), content(filled, 2)
    merge(filled, 1, 2)
    assert saved(filled, third()) == [3]
    last = content(filled, 3)
    with filled.location.engine().begin() as connection:
        merge_records(connection, 1, 3, CLERK, NOW + 1, keep=3)
    with pytest.raises(MergeRefused) as refused:
        unmerge(filled, 2)
    assert (refused.value.reason, refused.value.detail) == (MergeReason.MERGED_FURTHER, "1")
    assert unmerge(filled, 1) == Unmerged(1, 3, 3, 0)
    with filled.location.engine(reads=True).connect() as connection:
        assert [survivor(connection, number) for number in (1, 2, 3)] == [1, 1, 3]
    assert content(filled, 3) == last
    assert content(filled, 1).value("330", "a") == "La mine."
    assert unmerge(filled, 2) == Unmerged(2, 1, 1, 0)
    assert (content(filled, 1), content(filled, 2), content(filled, 3)) == (*before, last)
    assert filled.sql("SELECT id, record_id FROM item WHERE id IN (1, 2, 10) ORDER BY id") == [(1, 1), (2, 1), (10, 2)]


def test_what_was_imported_of_the_middle_of_a_chain_stays(filled: Counter) -> None:
    merge(filled, 1, 2)
    assert saved(filled, third()) == [3]
    with filled.location.engine().begin() as connection:
        merge_records(connection, 1, 3, CLERK, NOW + 1, keep=3)
    newer = unimarc("z1", "Germinal", "Émile", "Zola", "9782253004226", "1886", _field("304", "aTitre de dos"))
    assert saved(filled, newer) == [3]
    said = content(filled, 3)
    assert [said.value(tag, "a") for tag in ("304", "330")] == ["Titre de dos", "La mine."]
    unmerge(filled, 1)
    said = content(filled, 1)
    assert [said.value(tag, "a") for tag in ("304", "330")] == ["Titre de dos", "La mine."]
    unmerge(filled, 2)
    assert content(filled, 1) == Record.from_iso2709(newer.iso2709)


@pytest.mark.parametrize(("first", "other"), [(2, 3), (3, 2)])
def test_of_two_that_were_merged_into_one_each_is_parted_alone(filled: Counter, first: int, other: int) -> None:
    before = content(filled, 1)
    saved(filled, third())
    for number in (2, 3):
        with filled.location.engine().begin() as connection:
            merge_records(connection, 1, number, CLERK, NOW + number, keep=1)
    unmerge(filled, first)
    said = {2: ("330", "La mine."), 3: ("327", "Deuxième partie")}
    assert content(filled, 1).value(said[other][0], "a") == said[other][1]
    assert content(filled, 1).value(said[first][0], "a") == ""
    assert bases(filled, 1) == [[1, 2] if other == 2 else [1]]
    unmerge(filled, other)
    assert content(filled, 1) == before


def test_what_was_imported_meanwhile_stays(filled: Counter) -> None:
    merge(filled, 1, 2)
    newer = unimarc("z1", "Germinal", "Émile", "Zola", "9782253004226", "1886", _field("300", "aNouvelle note"))
    assert saved(filled, newer) == [1]
    assert content(filled, 1).value("330", "a") == "La mine."
    unmerge(filled, 2)
    assert content(filled, 1) == Record.from_iso2709(newer.iso2709)


def test_what_was_imported_of_the_superseded_record_meanwhile_is_said_too_and_stays(filled: Counter) -> None:
    merge(filled, 1, 2)
    read = Record.from_iso2709(POOR.iso2709)
    raw = Record(read.leader, [*read.fields, _field("327", "aDeuxième partie")]).to_iso2709()
    newer = NewRecord(POOR.source, POOR.control, POOR.form, raw, POOR.title, POOR.author)
    assert saved(filled, newer) == saved(filled, newer) == [1]
    assert filled.sql("SELECT id, deleted, version FROM record ORDER BY id") == [(1, 0, 3), (2, 1, 3)]
    assert content(filled, 1).value("327", "a") == "Deuxième partie"
    assert found(filled, ISBN, "2253004227") == [1]
    unmerge(filled, 2)
    assert content(filled, 1) == Record.from_iso2709(FULL.iso2709)
    assert content(filled, 2) == Record.from_iso2709(raw)


def test_items_imported_meanwhile_of_the_superseded_record_follow_back_through_a_chain(filled: Counter) -> None:
    merge(filled, 1, 2)
    saved(filled, third())
    with filled.location.engine().begin() as connection:
        merge_records(connection, 1, 3, CLERK, NOW + 1, keep=3)
        connection.execute(update(schema.library).where(schema.library.c.id == LENS).values(code="TEST"))
    for library, control, barcode in (("AVION", "9", "A99"), ("TEST", "z1", "T99"), ("TEST", "z9", "Z99")):
        file = marc(control, "200 1  $aGerminal", f"995    $f{barcode}")
        assert run_import(filled.location.engine(), file, library)[0].items_added == 1

    def holder(barcode: str) -> int:
        query = "SELECT record_id FROM item JOIN barcode ON item_id = item.id WHERE number = :number"
        ((number,),) = filled.sql(query, number=barcode)
        return int(number)

    assert [holder(barcode) for barcode in ("A99", "T99", "Z99")] == [3, 3, 3]
    unmerge(filled, 1)
    assert [holder(barcode) for barcode in ("A99", "T99", "Z99")] == [1, 1, 3]
    unmerge(filled, 2)
    assert [holder(barcode) for barcode in ("A99", "T99", "Z99")] == [2, 1, 3]


def test_a_whole_that_a_cataloguer_saved_keeps_what_it_says_but_not_the_others_number(filled: Counter) -> None:
    merge(filled, 1, 2)
    whole = content(filled, 1).to_iso2709()
    saved(filled, NewRecord(FULL.source, FULL.control, FULL.form, whole, FULL.title, FULL.author))
    unmerge(filled, 2)
    assert content(filled, 1).value("330", "a") == "La mine."
    assert content(filled, 1).value("035", "a") == ""


RECORDS = [
    unimarc(f"z{number}", "Germinal", "Émile", "Zola", "9782253004226", "1885", _field(tag, "aNote"), _field("606", f"a{tag}"))
    for number, tag in enumerate(("300", "304", "320", "330"), 1)
]  # fmt: skip
PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Location:
    made = Location(Path(tmp_path_factory.mktemp("unmerging")) / "store")
    made.create_directory()
    upgrade(made.engine())
    return made


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.lists(PAIRS, max_size=5), st.lists(st.integers(1, 4), max_size=6), st.lists(PAIRS, max_size=3))
def test_whatever_was_merged_and_parted_can_be_parted_to_the_beginning(
    empty: Location, merges: list[tuple[int, int]], parts: list[int], again: list[tuple[int, int]]
) -> None:
    def try_(connection: Connection, now: int, function: Any, *args: Any) -> bool:
        try:
            with connection.begin_nested():
                function(connection, *args, CLERK, now)
        except MergeRefused:
            return False
        return True

    with empty.engine().connect() as connection, connection.begin() as whole:
        connection.execute(insert(schema.database).values(id=1, name="all", is_default=1))
        assert save_records(connection, RECORDS, [1], NOW).ids == [1, 2, 3, 4]
        for step, (first, second) in enumerate(merges):
            try_(connection, NOW + step, merge_records, first, second)
        for number in parts:
            try_(connection, NOW, unmerge_record, number)
        for step, (first, second) in enumerate(again, 100):
            try_(connection, NOW + step, merge_records, first, second)
        while any(try_(connection, NOW, unmerge_record, number) for number in (1, 2, 3, 4)):
            pass
        rows = connection.execute(select(schema.record.c.iso2709, schema.record.c.deleted).order_by(schema.record.c.id))
        assert [tuple(row) for row in rows] == [(each.iso2709, 0) for each in RECORDS]
        assert [databases_of(connection, number) for number in (1, 2, 3, 4)] == [[1]] * 4
        whole.rollback()
