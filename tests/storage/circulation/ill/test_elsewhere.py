"""A hold on what only the partner has becomes a request to the partner; any other stays what it is."""

from __future__ import annotations

from storage.circulation.ill.elsewhere import ASK_ELSEWHERE
from storage.circulation.ill.machine import State
from storage.jobs.job import RunRequest, usecase_of
from storage.usecase import Origin
from tests.network import AVION, NOW
from tests.storage.catalogue.running import new_record
from tests.storage.circulation.ill.conftest import await_reload
from tests.storage.circulation.ill.lender import Lender

RECORD = "INSERT INTO record (id, format, iso2709, source, control, title, author, created_at, modified_at) VALUES (:id, 'unimarc', :raw, :source, :control, 'Le Vice-consul', 'Duras', 0, 0)"
RAW = new_record("D77", "010    $a978-2-07-036002-4", "200 1  $aLe Vice-consul").iso2709
HOLD = (
    "INSERT INTO hold (id, patron_id, record_id, pickup_id, requested_at) VALUES (:id, :patron, :record, :pickup, :now)"
)


def round_of(lender: Lender) -> None:
    lender.counter.do(usecase_of(ASK_ELSEWHERE), RunRequest(Origin("job", "t", 0), NOW), now=NOW)


def test_a_hold_on_what_only_the_partner_has_is_asked_of_it(lender: Lender) -> None:
    counter = lender.counter
    counter.sql("UPDATE partner SET endpoint = 'http://127.0.0.1:1/'")
    counter.sql(RECORD, id=901, raw=RAW, source="MDPC", control="D77")
    counter.sql(RECORD, id=902, raw=RAW, source="LENS", control="L1")
    counter.sql(RECORD, id=903, raw=RAW, source="MDPC", control="D78")
    counter.sql("UPDATE item SET record_id = 903 WHERE id = 1")
    for number, record in ((1, 901), (2, 902), (3, 903)):
        counter.sql(HOLD, id=number, patron=number, record=record, pickup=AVION, now=NOW)
    for _ in range(2):
        round_of(lender)
    assert counter.sql("SELECT identifier, edition, title, patron_id, pickup_id, state FROM ill_request") == [
        ("D77", "isbn:9782070360024", "Le Vice-consul", 1, AVION, State.ASKED.value)
    ]
    assert lender.told() == ["RequestItem"]
    assert counter.sql("SELECT id FROM hold ORDER BY id") == [(2,), (3,)]
    assert counter.sql("SELECT id, outcome FROM past_hold") == [(1, "cancelled")]


def test_without_a_partner_that_answers_a_hold_waits(lender: Lender) -> None:
    lender.counter.sql(RECORD, id=901, raw=RAW, source="MDPC", control="D77")
    lender.counter.sql(HOLD, id=1, patron=1, record=901, pickup=AVION, now=NOW)
    round_of(lender)
    assert lender.counter.sql("SELECT count(*) FROM hold") == [(1,)]


def test_of_two_agencies_of_one_library_one_is_asked(lender: Lender) -> None:
    counter = lender.counter
    counter.sql("UPDATE partner SET endpoint = 'http://127.0.0.1:1/'")
    counter.sql(
        "INSERT INTO partner (agency, name, library_id, endpoint, profile)"
        " SELECT 'FR-MDPC62-BIS', name, library_id, endpoint, profile FROM partner"
    )
    await_reload(counter)
    counter.sql(RECORD, id=901, raw=RAW, source="MDPC", control="D77")
    counter.sql(HOLD, id=1, patron=1, record=901, pickup=AVION, now=NOW)
    round_of(lender)
    assert counter.sql("SELECT count(*) FROM ill_request") == [(1,)]
    assert counter.sql("SELECT count(*) FROM hold") == [(0,)]
