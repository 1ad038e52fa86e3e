from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sip2 import codec, messages
from protocols.sip2.session import (
    ADMITTED,
    REQUESTS,
    Duplicate,
    Event,
    Fault,
    FaultKind,
    Profile,
    Request,
    ResendRequest,
    Session,
    State,
)
from protocols.sip2.tables import Message

from .strategies import requests

DATE = b"20261122    120000"
BLANK = b" " * 18
CHECKOUT = b"11YN" + DATE + BLANK + b"AOLENS|AAR000001|ABI000001|AC|"
CHECKIN = b"09N" + DATE + DATE + b"APLENS|AOLENS|ABI000001|AC|"
ITEM = b"17" + DATE + b"AOLENS|ABI000001|AC|"
LOGIN = b"9300CNkiosk|COdemo|"
STATUS = b"9900802.00"


def framed(body: bytes, sequence: bytes | None = b"1") -> bytes:
    return codec.seal(body, sequence, checked=True) + b"\r"


def only(events: list[Event]) -> Event:
    (event,) = events
    return event


def received(session: Session, data: bytes, now: float = 0.0) -> Request:
    event = only(session.receive(data, now))
    assert isinstance(event, Request)
    return event


def answered(session: Session, event: Event) -> bytes:
    """Answer as an adapter does, with the simplest message of the right code."""
    match event:
        case Request(message=message):
            reply = Message.BY_CODE[message.REPLY]
            return session.send(codec.decode(reply.CODE.encode() + b"0" * 80), event) if reply.TABLE else b""
        case Duplicate() | ResendRequest():
            return session.repeat(event)
        case Fault(request=Request() as request):
            return session.send(messages.LoginResponse(ok=False), request)
        case Fault():
            return session.refuse(event)


def conversation(session: Session, pieces: list[bytes]) -> tuple[list[Event], bytes]:
    events = [event for piece in pieces for event in session.receive(piece, 0.0)]
    return events, b"".join(answered(session, event) for event in events)


class TestFraming:
    @pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\r", b"\r\n\r\n"])
    def test_any_terminator_ends_one_message(self, end: bytes) -> None:
        session = Session()
        assert len(session.receive(ITEM + end, 0.0)) == 1
        assert len(session.receive(ITEM + end, 0.0)) == 1

    @pytest.mark.parametrize("noise", [b"\r", b"\n", b"\0\r", b"   \r", b"\x02\x03\r"])
    def test_empty_frames_are_no_messages(self, noise: bytes) -> None:
        assert Session().receive(noise, 0.0) == []

    def test_leading_blanks_and_nul_anywhere_are_dropped(self) -> None:
        assert received(Session(), b"\n\0 " + ITEM.replace(b"I0", b"I\0\x000") + b"\r").body == ITEM

    def test_messages_of_one_segment_come_in_order(self) -> None:
        events = Session().receive(framed(LOGIN) + framed(STATUS, b"2") + framed(CHECKOUT, b"3") + b"17", 0.0)
        assert [type(event.message) for event in events if isinstance(event, Request)] == [
            messages.Login,
            messages.SCStatus,
            messages.Checkout,
        ]

    def test_one_byte_a_segment(self) -> None:
        session = Session()
        events = [event for byte in framed(CHECKOUT) for event in session.receive(bytes([byte]), 0.0)]
        assert events == Session().receive(framed(CHECKOUT), 0.0)

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(
        st.lists(
            st.sampled_from(
                [
                    framed(CHECKOUT),
                    framed(ITEM, None),
                    STATUS + b"\r\n",
                    b"97AZFEF5\r",
                    b"1x|" * 20,
                    b"\r",
                    b"\n",
                    b"\0",
                    b"11\r",
                ]
            )
            | st.binary(max_size=40),
            max_size=12,
        ),
        st.lists(st.integers(1, 30), min_size=1, max_size=8),
    )
    def test_bytes_mean_the_same_however_they_are_cut(self, parts: list[bytes], sizes: list[int]) -> None:
        data = b"".join(parts)
        profile = Profile(longest_frame=90, overlong_frames=3)
        whole = conversation(Session(profile), [data])
        pieces, at, turn = [], 0, 0
        while at < len(data):
            pieces.append(data[at : at + sizes[turn % len(sizes)]])
            at, turn = at + len(pieces[-1]), turn + 1
        assert conversation(Session(profile), pieces) == whole
        assert conversation(Session(profile), [bytes([byte]) for byte in data]) == whole

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(st.lists(st.binary(max_size=200), max_size=10))
    def test_no_bytes_raise_and_every_event_has_an_answer(self, pieces: list[bytes]) -> None:
        events, answers = conversation(Session(), pieces)
        assert answers.count(b"\r") == len(events)


class TestLimits:
    def test_an_overlong_frame_is_refused_once_and_skipped(self) -> None:
        session = Session()
        fault = only(session.receive(b"17" + b"x" * 20_000, 0.0))
        assert isinstance(fault, Fault)
        assert fault.kind is FaultKind.TOO_LONG
        assert session.receive(b"y" * 20_000, 0.0) == []
        assert received(session, b"y\r" + ITEM + b"\r").body == ITEM

    def test_an_endless_frame_is_not_kept(self) -> None:
        session = Session()
        faults = [event for _ in range(400) for event in session.receive(b"x" * 65536, 0.0)]
        assert [event.fatal for event in faults if isinstance(event, Fault)] == [False, True]
        assert len(session._buffer) == 0

    def test_a_frame_as_long_as_eight_overlong_ones_closes_however_it_comes(self) -> None:
        for cut in (1000, 16384, 8 * 16384 - 1, 8 * 16384):
            session, frame = Session(), b"x" * (8 * 16384) + b"\r"
            events = [*session.receive(frame[:cut], 0.0), *session.receive(frame[cut:] + ITEM + b"\r", 0.0)]
            assert [event.fatal for event in events if isinstance(event, Fault)] == [False, True]
            assert len(events) == 3
        assert len(Session().receive(frame[1:] + ITEM + b"\r", 0.0)) == 2

    def test_eight_overlong_frames_in_a_row_close(self) -> None:
        session = Session()
        events = session.receive((b"x" * 16385 + b"\r") * 8, 0.0)
        assert [event.fatal for event in events if isinstance(event, Fault)] == [False] * 7 + [True]
        for event in events:
            assert isinstance(event, Fault)
            assert not session.closed
            assert session.refuse(event) == b"96\r"
        assert session.closed

    def test_a_good_frame_starts_the_count_again(self) -> None:
        session = Session()
        for _ in range(3):
            events = session.receive((b"x" * 16385 + b"\r") * 7 + ITEM + b"\r", 0.0)
            assert not any(event.fatal for event in events if isinstance(event, Fault))

    def test_the_refusal_is_checked_like_the_message_before_it(self) -> None:
        session = Session()
        session.receive(framed(STATUS), 0.0)
        fault = only(session.receive(b"x" * 20_000 + b"\r", 0.0))
        assert isinstance(fault, Fault)
        assert session.refuse(fault) == b"96AZFEF6\r"


class TestErrorDetection:
    def test_no_byte_of_a_sealed_message_may_change(self) -> None:
        frame = framed(CHECKOUT)
        for at in range(len(frame) - 1):
            session = Session()
            received(session, framed(STATUS))
            spoilt = frame[:at] + bytes([frame[at] ^ 0x03]) + frame[at + 1 :]
            fault = only(session.receive(spoilt, 0.0))
            assert isinstance(fault, Fault), spoilt
            assert fault.kind is FaultKind.CHECKSUM
            assert session.refuse(fault) == b"96AZFEF6\r"

    def test_a_barcode_that_looks_like_a_trailer_is_one_where_nothing_is_sealed(self) -> None:
        asked = received(Session(), ITEM[:20] + b"AOLENS|AB1AZ1234\r").message
        assert isinstance(asked, messages.ItemInformation)
        assert asked.item_identifier == "1AZ1234"

    def test_it_is_mirrored(self) -> None:
        session = Session()
        assert (
            session.send(messages.LoginResponse(ok=True), received(session, framed(LOGIN, b"0"))) == b"941AY0AZFDFD\r"
        )
        assert session.send(messages.LoginResponse(ok=True), received(session, LOGIN + b"\r")) == b"941\r"
        assert session.send(messages.LoginResponse(ok=True), received(session, LOGIN + b"AY7\r")) == b"941\r"
        only_az = session.send(messages.LoginResponse(ok=True), received(session, framed(LOGIN, None)))
        assert only_az == codec.seal(b"941", None, checked=True) + b"\r"

    def test_a_wrong_checksum_is_answered_by_96_and_not_executed(self) -> None:
        session = Session()
        fault = only(session.receive(framed(CHECKOUT).replace(b"R000001", b"R000002"), 0.0))
        assert isinstance(fault, Fault)
        assert fault.kind is FaultKind.CHECKSUM
        assert session.refuse(fault) == b"96AZFEF6\r"

    def test_what_comes_again_after_96_is_executed(self) -> None:
        session = Session()
        session.receive(framed(CHECKOUT)[:-3] + b"00\r", 0.0)
        assert received(session, framed(CHECKOUT)).body == CHECKOUT
        session.receive(framed(CHECKIN)[:-3] + b"00\r", 0.0)
        assert received(session, framed(CHECKIN, None)).sequence is None

    @pytest.mark.parametrize("body", [b"00", b"xx", b"GET / HTTP/1.1", b"98YYYYYN", b"96", b"9"])
    def test_an_unknown_command_is_answered_by_96_and_the_connection_goes_on(self, body: bytes) -> None:
        session = Session()
        for checked, answer in ((True, b"96AZFEF6\r"), (False, b"96\r")):
            frame = framed(body) if checked else body + b"\r"
            fault = only(session.receive(frame, 0.0))
            assert isinstance(fault, Fault)
            assert fault.kind in {FaultKind.UNKNOWN, FaultKind.TRUNCATED}
            assert session.refuse(fault) == answer
        assert not session.closed

    def test_a_truncated_message_gives_what_could_be_read(self) -> None:
        fault = only(Session().receive(b"11YN2026AAR000001|ABI000001|\r", 0.0))
        assert isinstance(fault, Fault)
        assert fault.kind is FaultKind.TRUNCATED
        assert fault.request is not None
        message = fault.request.message
        assert isinstance(message, messages.Checkout)
        assert (message.patron_identifier, message.item_identifier) == ("R000001", "I000001")

    def test_the_terminator_is_the_profiles(self) -> None:
        session = Session(Profile(terminator=b"\r\n"))
        assert session.send(messages.LoginResponse(ok=True), received(session, LOGIN + b"\r\n")) == b"941\r\n"

    def test_the_checksum_covers_the_encoded_bytes(self) -> None:
        session = Session(Profile(charset="cp850"))
        request = received(session, framed(ITEM, b"4"))
        response = messages.ItemStatusUpdateResponse(
            item_properties_ok=True, transaction_date=None, item_identifier="é", title_identifier="œuvre"
        )
        reply = session.send(response, request)
        assert reply.startswith(b"201" + BLANK + b"AB\x82|AJoeuvre|AY4AZ")
        assert sum(reply[:-5]) + int(reply[-5:-1], 16) & 0xFFFF == 0

    @pytest.mark.parametrize("charset", ["utf-16", "utf-8-sig", "cp037", "no-such-thing"])
    def test_a_charset_without_ascii_is_refused(self, charset: str) -> None:
        with pytest.raises(ValueError, match=charset):
            Profile(charset=charset)


class TestRepetition:
    def test_the_same_frame_again_gets_the_same_bytes(self) -> None:
        for body in (CHECKOUT, CHECKIN):
            session = Session()
            first = answered(session, only(session.receive(framed(body), 0.0)))
            again = only(session.receive(framed(body), 59.0))
            assert isinstance(again, Duplicate)
            assert answered(session, again) == first

    def test_reads_are_executed_again(self) -> None:
        session = Session()
        assert received(session, framed(ITEM)) == received(session, framed(ITEM))

    @pytest.mark.parametrize(
        ("first", "second", "why"),
        [
            (CHECKOUT + b"\r", CHECKOUT + b"\r", "there is no sequence number"),
            (framed(CHECKOUT, None), framed(CHECKOUT, None), "there is no sequence number"),
            (framed(CHECKOUT, b"1"), framed(CHECKOUT, b"2"), "the sequence number went on"),
            (
                framed(CHECKOUT),
                framed(CHECKOUT.replace(b"R000001", b"R000002")),
                "the number is constant, the body is not",
            ),
        ],
    )
    def test_what_is_no_repetition_is_executed(self, first: bytes, second: bytes, why: str) -> None:
        session = Session()
        received(session, first)
        received(session, second)

    def test_only_the_previous_frame_counts(self) -> None:
        session = Session()
        received(session, framed(CHECKOUT))
        received(session, framed(ITEM, b"2"))
        received(session, framed(CHECKOUT))

    def test_the_window_ends(self) -> None:
        session = Session(Profile(duplicate_window=30.0))
        received(session, framed(CHECKOUT), 0.0)
        received(session, framed(CHECKOUT), 30.1)

    def test_a_duplicate_is_seen_while_the_first_is_not_answered(self) -> None:
        session = Session()
        first, second = session.receive(framed(CHECKOUT) * 2, 0.0)
        assert isinstance(second, Duplicate)
        assert answered(session, first) == answered(session, second)

    def test_96_in_between_changes_nothing(self) -> None:
        session = Session()
        first = answered(session, only(session.receive(framed(CHECKOUT), 0.0)))
        answered(session, only(session.receive(b"zz\r", 0.0)))
        answered(session, only(session.receive(framed(ITEM)[:-2] + b"x\r", 0.0)))
        assert answered(session, only(session.receive(framed(CHECKOUT), 0.0))) == first

    def test_97_gets_the_last_response_byte_for_byte(self) -> None:
        session = Session()
        last = answered(session, only(session.receive(framed(ITEM, b"6"), 0.0)))
        for _ in range(2):
            resend = only(session.receive(b"97AZFEF5\r", 0.0))
            assert isinstance(resend, ResendRequest)
            assert session.repeat(resend) == last

    def test_97_before_anything_gets_96(self) -> None:
        session = Session()
        for frame, answer in ((b"97AZFEF5\r", b"96AZFEF6\r"), (b"97\r", b"96\r")):
            resend = only(session.receive(frame, 0.0))
            assert isinstance(resend, ResendRequest)
            assert session.repeat(resend) == answer

    def test_a_response_kept_as_its_body_gets_the_new_trailer(self) -> None:
        session = Session()
        body = codec.encode(messages.LoginResponse(ok=True))
        assert session.send(body, received(session, framed(CHECKOUT, b"0"))) == b"941AY0AZFDFD\r"

    @settings(derandomize=True, max_examples=100)
    @given(requests(), requests())
    def test_two_connections_know_nothing_of_each_other(self, mine: Message, other: Message) -> None:
        alone, beside, neighbour = Session(), Session(), Session()
        frame, noise = framed(codec.encode(mine)), framed(codec.encode(other))
        wanted = conversation(alone, [frame, b"97AZFEF5\r", frame])[1]
        got = b""
        for piece in (frame, b"97AZFEF5\r", frame):
            conversation(neighbour, [noise])
            got += conversation(beside, [piece])[1]
        assert got == wanted


class TestLogin:
    def login(self, session: Session, *, ok: bool) -> None:
        session.send(messages.LoginResponse(ok=ok), received(session, LOGIN + b"\r"))

    def test_the_states_admit_what_the_table_says(self) -> None:
        assert {state: {kind.CODE for kind in kinds} for state, kinds in ADMITTED.items()} == {
            State.LOGIN: {"93", "97", "99"},
            State.READY: {kind.CODE for kind in REQUESTS},
            State.CLOSED: set(),
        }

    def test_a_login_opens_and_a_refused_one_shuts_again(self) -> None:
        session = Session()
        item = codec.decode(ITEM)
        assert not session.admits(item)
        self.login(session, ok=True)
        assert session.admits(item)
        self.login(session, ok=False)
        assert not session.admits(item)
        assert not session.closed

    def test_three_refused_logins_in_a_row_close(self) -> None:
        session = Session()
        for ok in (False, False, True, False, False):
            self.login(session, ok=ok)
            assert not session.closed
        self.login(session, ok=False)
        assert session.closed
        assert not session.admits(codec.decode(LOGIN))

    def test_requests_and_their_bytes_are_not_shown(self) -> None:
        assert "demo" not in repr(received(Session(), LOGIN + b"\r"))
        assert "demo" not in repr(Session().receive(framed(LOGIN)[:-2] + b"x\r", 0.0))
