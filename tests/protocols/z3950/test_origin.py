"""A search seen from the side that asks, against targets that know little, or nothing, or mean ill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.z3950 import apdu, oids, origin, pqf
from protocols.z3950.apdu import Options, Pdu, PresentStatus
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import DiagRec, External, FragmentSyntax, NamePlusRecord, Record, Records
from protocols.z3950.negotiation import Offer, accept
from protocols.z3950.origin import MAX_ADDINFO, MAX_DIAGNOSTICS, Retrieval, Retrieved, Wish
from protocols.z3950.records import fragments, retrieval_record, surrogate_diagnostic
from protocols.z3950.schema import codec_of
from protocols.z3950.session import Association, Fault, Role

QUERY = "@attr 1=7 @attr 2=3 @attr 4=2 @attr 6=1 9782253004226"
CODES = {code.value: code for code in Bib1}
OFFER = Offer(Options.SEARCH | Options.PRESENT, "0", "test", "1")


def refusing(number: int, addinfo: str = "") -> Records:
    return Records(non_surrogate_diagnostic=Refused(CODES[number], addinfo).diagnostic(3))


class Target:
    """A target that takes attributes of some types alone, and gives records in one syntax."""

    def __init__(
        self,
        known: dict[int, int],
        syntax: str = oids.UNIMARC,
        hits: int = 1,
        *,
        addinfo: str = "",
        stubborn: bool = False,
        offer: Offer = OFFER,
    ) -> None:
        self._offer = offer
        self.asked: list[str] = []
        self._addinfo = addinfo
        self._stubborn = stubborn
        self._known = known
        self._syntax = syntax
        self._hits = hits
        self._association = Association(Role.TARGET)

    def receive(self, data: bytes) -> bytes:
        out = b""
        for pdu in self._association.receive(data):
            assert not isinstance(pdu, Fault)
            self._association.accept(pdu)
            out += b"" if isinstance(pdu, apdu.Close) else self._association.send(self._answer(pdu))
        return out

    def _answer(self, pdu: Pdu) -> Pdu:
        if isinstance(pdu, apdu.InitializeRequest):
            return accept(pdu, self._offer)
        if isinstance(pdu, apdu.SearchRequest):
            assert pdu.query.type_1 is not None
            self.asked.append(pqf.write(pdu.query.type_1))
            unknown = [
                code for kind, code in self._known.items() if f"@attr {kind}=" in self.asked[-1] or self._stubborn
            ]
            return apdu.SearchResponse(
                result_count=0 if unknown else self._hits,
                number_of_records_returned=0,
                next_result_set_position=0,
                search_status=not unknown,
                records=refusing(unknown[0], self._addinfo) if unknown else None,
            )
        assert isinstance(pdu, apdu.PresentRequest)
        return self._presented(pdu)

    def _presented(self, pdu: apdu.PresentRequest) -> Pdu:
        if pdu.preferred_record_syntax != self._syntax:
            return apdu.PresentResponse(
                number_of_records_returned=0,
                next_result_set_position=1,
                present_status=PresentStatus.FAILURE,
                records=refusing(239),
            )
        start, number = pdu.result_set_start_point, pdu.number_of_records_requested
        found = [retrieval_record("db", self._syntax, b"record %d" % at) for at in range(start, start + number)]
        return apdu.PresentResponse(
            number_of_records_returned=number,
            next_result_set_position=start + number,
            present_status=PresentStatus.SUCCESS,
            records=Records(response_records=tuple(found)),
        )


def talk(retrieval: Retrieval, answer: Callable[[bytes], bytes]) -> None:
    data = retrieval.start()
    for _ in range(100):
        back = answer(data)
        data = retrieval.receive(back) if back else b""
        if not data or retrieval.is_over:
            break
    retrieval.lost()


@pytest.mark.parametrize(
    ("unknown", "left_out", "query"),
    [
        ({}, "", "@attr 1=7 @attr 2=3 @attr 4=2 @attr 6=1 9782253004226"),
        ({2: 117}, "2", "@attr 1=7 @attr 4=2 @attr 6=1 9782253004226"),
        ({6: 122, 4: 118}, "46", "@attr 1=7 @attr 2=3 9782253004226"),
        ({2: 113, 4: 113}, "23456", "@attr 1=7 9782253004226"),
        ({2: 121, 1: 114}, "123456", "9782253004226"),
        ({4: 120, 1: 114}, "123456", "9782253004226"),
        ({1: 123}, "123456", "9782253004226"),
    ],
)
def test_what_a_target_does_not_know_is_left_out_and_no_more_than_that_next_time(
    unknown: dict[int, int], left_out: str, query: str
) -> None:
    types = frozenset(map(int, left_out))
    target, retrieval = Target(unknown), Retrieval(Wish(QUERY))
    talk(retrieval, target.receive)
    assert (target.asked[-1], retrieval.result.left_out) == (query, types)
    assert (retrieval.result.records, retrieval.result.failure) == ([(oids.UNIMARC, b"record 1")], "")
    again, next_time = Target(unknown), Retrieval(Wish(QUERY, left_out=types))
    talk(next_time, again.receive)
    assert (again.asked, next_time.result.diagnostics) == ([query], [])


def test_the_type_that_a_diagnostic_names_is_the_one_left_out() -> None:
    target = Target({4: 113}, addinfo="4")
    retrieval = Retrieval(Wish(QUERY))
    talk(retrieval, target.receive)
    assert target.asked[-1] == "@attr 1=7 @attr 2=3 @attr 6=1 9782253004226"


def test_a_target_that_refuses_every_way_is_asked_a_few_times_and_not_for_ever() -> None:
    target = Target({1: 114, 2: 117, 4: 118, 6: 122, 0: 3}, stubborn=True)
    retrieval = Retrieval(Wish(QUERY))
    talk(retrieval, target.receive)
    assert (len(target.asked), retrieval.result.failure[:4]) == (4, "114 ")
    assert retrieval.is_over


def test_complaints_without_end_are_kept_in_bounds() -> None:
    def answer(data: bytes) -> bytes:
        out = b""
        for pdu in association.receive(data):
            assert not isinstance(pdu, Fault)
            association.accept(pdu)
            if isinstance(pdu, apdu.InitializeRequest):
                out += association.send(accept(pdu, OFFER))
            elif isinstance(pdu, apdu.SearchRequest):
                one = DiagRec(default_format=Refused(CODES[2], "x" * 10_000).diagnostic(3))
                out += association.send(
                    apdu.SearchResponse(
                        result_count=-1,
                        number_of_records_returned=0,
                        next_result_set_position=0,
                        search_status=True,
                        records=Records(multiple_non_sur_diagnostics=(one,) * 100),
                    )
                )
        return out

    association = Association(Role.TARGET)
    retrieval = Retrieval(Wish(QUERY))
    talk(retrieval, answer)
    found = retrieval.result.diagnostics
    assert (len(found), {len(addinfo) for _, addinfo in found}) == (MAX_DIAGNOSTICS, {MAX_ADDINFO})
    assert (retrieval.result.hits, len(retrieval.result.failure)) == (0, 300)


def test_a_target_that_counts_wrongly_gets_no_more_than_is_wanted() -> None:
    target = Target({}, hits=2_000_000_000)
    made = target._presented
    target._presented = lambda pdu: made(  # type: ignore[method-assign]
        apdu.PresentRequest(
            result_set_id="default",
            result_set_start_point=1,
            number_of_records_requested=300,
            preferred_record_syntax=pdu.preferred_record_syntax,
        )
    )
    retrieval = Retrieval(Wish("zola", most=30))
    talk(retrieval, target.receive)
    assert (retrieval.result.hits, len(retrieval.result.records)) == (2_000_000_000, 30)


def test_the_next_syntax_is_asked_for_and_records_come_in_pieces() -> None:
    retrieval = Retrieval(Wish("zola", most=45))
    talk(retrieval, Target({}, oids.USMARC, hits=60).receive)
    result = retrieval.result
    assert (result.hits, len(result.records), result.syntax) == (60, 45, oids.USMARC)
    assert result.records[-1] == (oids.USMARC, b"record 45")
    assert [code for code, _ in result.diagnostics] == [239]


# --- segments ------------------------------------------------------------------------------------------------------------

SEGMENTING = Offer(
    Options.SEARCH | Options.PRESENT | Options.LEVEL_1_SEGMENTATION | Options.LEVEL_2_SEGMENTATION, "0", "test", "1"
)
SMALL = [retrieval_record("db", oids.UNIMARC, b"record %d" % number) for number in range(3)]
LONG = bytes(range(256)) * 20
START, MIDDLE, *_, END = fragments(retrieval_record("db", oids.UNIMARC, LONG), 1_000)


def tagged(kind: str, octets: bytes) -> bytes:
    piece = FragmentSyntax(externally_tagged=External(direct_reference=oids.USMARC, octet_aligned=octets))
    fields: dict[str, Any] = {kind: piece}
    return codec_of(NamePlusRecord).encode(NamePlusRecord(record=Record(**fields)))


class Segmenting(Target):
    """A target that answers a Present with messages of these records, the last of them the response."""

    def __init__(self, *messages: list[bytes], hits: int = 3, offer: Offer = SEGMENTING) -> None:
        super().__init__({}, hits=hits, offer=offer)
        self._messages = messages

    def receive(self, data: bytes) -> bytes:
        response = super().receive(data)
        if response[:1] != b"\xb9":
            return response
        segments = [
            apdu.Segment(number_of_records_returned=len(each), segment_records=tuple(each))
            for each in self._messages[:-1]
        ]
        return b"".join(map(self._association.send, segments)) + response

    def _presented(self, pdu: apdu.PresentRequest) -> Pdu:
        return apdu.PresentResponse(
            number_of_records_returned=pdu.number_of_records_requested,
            next_result_set_position=0,
            present_status=PresentStatus.SUCCESS,
            records=Records(response_records=tuple(self._messages[-1])),
        )


def presented(*messages: list[bytes], **more: Any) -> Retrieved:
    retrieval = Retrieval(Wish("zola"))
    talk(retrieval, Segmenting(*messages, **more).receive)
    assert retrieval.is_over
    return retrieval.result


@pytest.mark.parametrize("size", [100, 1_000, 2_000])
def test_records_in_segments_and_fragments_are_put_together_again(size: int) -> None:
    pieces = fragments(retrieval_record("db", oids.UNIMARC, LONG), size)
    *segments, last = [[SMALL[0], pieces[0]], *([piece] for piece in pieces[1:-1]), [pieces[-1], SMALL[1]]]
    for messages in ([*segments, last], [*segments, last, []], [[SMALL[0], *pieces, SMALL[1]]]):
        result = presented(*messages)
        assert (result.records, result.failure) == (
            [(oids.UNIMARC, b"record 0"), (oids.UNIMARC, LONG), (oids.UNIMARC, b"record 1")],
            "",
        )


def test_fragments_that_name_a_syntax_are_the_record_itself() -> None:
    kinds = ["starting_fragment", "intermediate_fragment", "final_fragment"]
    result = presented([tagged(kind, b"%d," % at) for at, kind in enumerate(kinds)], hits=1)
    assert (result.records, result.failure) == ([(oids.USMARC, b"0,1,2,")], "")


def test_a_diagnostic_in_a_segment_is_told_and_the_other_records_are_kept() -> None:
    broken = surrogate_diagnostic("db", Refused(CODES[14]), 3)
    result = presented([SMALL[0], broken], [SMALL[1]])
    assert [octets for _, octets in result.records] == [b"record 0", b"record 1"]
    assert result.failure.startswith("14 ")


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([[SMALL[0], MIDDLE], []], "without a start"),
        ([[SMALL[0], END], []], "without a start"),
        ([[SMALL[0], START], [START], []], "without a start"),
        ([[SMALL[0], START], [SMALL[1]]], "without a start"),
        ([[SMALL[0], START], [MIDDLE]], "without its end"),
        ([[SMALL[0], START], [END]], "longer than what holds it"),
        ([[SMALL[0]], *[[]] * 11, [SMALL[1]]], "more than 10 segments"),
        ([[SMALL[0], START], *[[MIDDLE]] * 9, []], "more than 5000 octets in fragments"),
        ([[SMALL[0]], *[[START, MIDDLE, END]] * 2, []], ""),
        ([SMALL[:1] * 5] * 10, ""),
        ([[SMALL[0], START, *[MIDDLE] * 40], []], "in fragments"),
        ([[SMALL[0], *[retrieval_record("db", oids.XML, b"x" * 4_000)] * 5], []], "more than 20000 octets of records"),
    ],
)
def test_segments_that_mean_ill_are_bounded_and_what_came_before_is_kept(
    messages: list[list[bytes]], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin, "MAX_SEGMENTS", 10)
    monkeypatch.setattr(origin, "MAX_RECORD", 5_000)
    monkeypatch.setattr(origin, "MAX_OCTETS", 20_000)
    result = presented(*messages)
    assert result.records[0] == (oids.UNIMARC, b"record 0")
    assert sum(len(octets) for _, octets in result.records) <= 20_000
    assert why in result.failure


def test_segments_are_taken_where_they_were_agreed_on_and_asked_for_alone() -> None:
    assert presented([SMALL[0]], [SMALL[1]], offer=OFFER).failure == "the target sent a Segment that was not asked for"
    retrieval, target = Retrieval(Wish("zola")), Segmenting([])
    retrieval.receive(target.receive(retrieval.start()))
    segment = apdu.Segment(number_of_records_returned=1, segment_records=(SMALL[0],))
    retrieval.receive(target._association.send(segment))
    assert (retrieval.result.records, retrieval.is_over) == ([], True)


def test_no_syntax_in_common_is_told() -> None:
    retrieval = Retrieval(Wish("zola"))
    talk(retrieval, Target({}, oids.GRS_1).receive)
    assert retrieval.result.failure.startswith("239 ")


def test_terms_are_sent_in_the_targets_own_characters() -> None:
    sent = []
    target = Target({})

    def watched(data: bytes) -> bytes:
        sent.append(data)
        return target.receive(data)

    talk(Retrieval(Wish(["œuvre", "été"][1], charset="iso-8859-1")), watched)
    assert b"\xe9t\xe9" in sent[1]


def test_a_password_opens_the_association_and_is_never_shown() -> None:
    wish = Wish("zola", user="lens", password="s3cret")
    assert b"s3cret" in Retrieval(wish).start()
    assert "s3cret" not in repr(wish)


@pytest.mark.parametrize("bad", [1, 2, 3])
def test_a_diagnostic_in_a_records_place_is_told_and_the_others_come(bad: int) -> None:
    asked = []

    class Failing(Target):
        def _presented(self, pdu: apdu.PresentRequest) -> Pdu:
            at = pdu.result_set_start_point
            asked.append(at)
            one = retrieval_record("db", oids.UNIMARC, b"record %d" % at)
            return apdu.PresentResponse(
                number_of_records_returned=1,
                next_result_set_position=at + 1,
                present_status=PresentStatus.SUCCESS,
                records=Records(
                    response_records=(surrogate_diagnostic("db", Refused(CODES[14]), 3) if at == bad else one,)
                ),
            )

    retrieval = Retrieval(Wish("zola"))
    talk(retrieval, Failing({}, hits=3).receive)
    assert asked == [1, 2, 3]
    assert [octets for _, octets in retrieval.result.records] == [b"record %d" % at for at in (1, 2, 3) if at != bad]
    assert retrieval.result.failure.startswith("14 ")


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_octets_bring_an_exception_out_of_it(pieces: list[bytes]) -> None:
    retrieval = Retrieval(Wish(QUERY))
    retrieval.start()
    for piece in pieces:
        retrieval.receive(piece)
    retrieval.lost()
    assert retrieval.is_over
    assert retrieval.result.failure


@given(st.data())
def test_nor_do_responses_that_are_damaged(data: st.DataObject) -> None:
    target = Target({2: 117})

    def damaged(octets: bytes) -> bytes:
        answer = bytearray(target.receive(octets))
        if answer and data.draw(st.booleans()):
            answer[data.draw(st.integers(0, len(answer) - 1))] ^= data.draw(st.integers(1, 255))
        return bytes(answer)

    retrieval = Retrieval(Wish(QUERY))
    talk(retrieval, damaged)
    assert retrieval.is_over
