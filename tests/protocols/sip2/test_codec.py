from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sip2 import codec, messages
from protocols.sip2.codes import Language, MediaType, PatronStatus, Summary, SupportedMessage, TerminalStatus
from protocols.sip2.tables import Message

from .strategies import messages as any_message

NOON = datetime(2026, 11, 22, 12, 0, 0)  # noqa: DTZ001 - local time, as the wire has it
DATE = "20261122    120000"
CHECKOUT = messages.Checkout(
    sc_renewal_policy=True,
    no_block=False,
    transaction_date=NOON,
    nb_due_date=None,
    institution_id="LENS",
    patron_identifier="R000001",
    item_identifier="I000001",
    terminal_password="",
)
CHECKOUT_BODY = f"11YN{DATE}{' ' * 18}AOLENS|AAR000001|ABI000001|AC|".encode()


def screen(*texts: str) -> messages.EndSessionResponse:
    return messages.EndSessionResponse(
        end_session=True, transaction_date=NOON, institution_id="", patron_identifier="", screen_message=texts
    )


def written(text: str, charset: str = "utf-8") -> bytes:
    """What stands in AF when *text* is sent."""
    return codec.encode(screen(text), charset).split(b"AF", 1)[1].removesuffix(b"|")


class TestTrailer:
    # The definition's constants and the guide's sample login.
    @pytest.mark.parametrize(
        "frame", [b"97AZFEF5", b"96AZFEF6", b"941AY0AZFDFD", b"940AY0AZFDFE",
                  b"9300CNLoginUserID|COLoginPassword|CPLocationCode|AY5AZEC7B"]
    )  # fmt: skip
    def test_known_checksums_verify_and_are_made_again(self, frame: bytes) -> None:
        sealed = codec.unseal(frame)
        assert sealed.checked
        assert sealed.intact
        assert codec.seal(sealed.body, sealed.sequence, checked=True) == frame

    def test_the_misprinted_sample_does_not_verify(self) -> None:
        assert not codec.unseal(b"9300CNLoginUserID|COLoginPassword|CPLocationCode|AY5AZEC78").intact

    def test_lower_case_digits_are_accepted(self) -> None:
        assert codec.unseal(b"941AY0AZfdfd") == (b"941", b"0", True, True)

    def test_the_last_delimiter_may_be_missing(self) -> None:
        frame = codec.seal(b"9300CNkiosk|COdemo", b"3", checked=True)
        assert codec.unseal(frame) == (b"9300CNkiosk|COdemo", b"3", True, True)

    def test_az_may_stand_alone(self) -> None:
        frame = codec.seal(b"9300CNkiosk|COdemo|", None, checked=True)
        assert codec.unseal(frame) == (b"9300CNkiosk|COdemo|", None, True, True)

    def test_a_sequence_number_of_two_digits_or_none_is_copied_as_it_came(self) -> None:
        for sequence in (b"10", b""):
            assert codec.unseal(codec.seal(CHECKOUT_BODY, sequence, checked=True)).sequence == sequence

    def test_delimiters_after_the_checksum_are_ignored(self) -> None:
        assert codec.unseal(b"97AZFEF5| |") == (b"97", None, True, True)

    def test_ay_without_az_is_a_sequence_number(self) -> None:
        assert codec.unseal(CHECKOUT_BODY + b"AY4") == (CHECKOUT_BODY, b"4", False, True)

    def test_a_barcode_that_looks_like_a_checksum_is_a_barcode(self) -> None:
        frame = f"17{DATE}AOLENS|ABAZ1234".encode()
        assert codec.unseal(frame) == (frame, None, False, True)

    @pytest.mark.parametrize("frame", [b"97AZ0000", b"941AY0AZFDFC", b"941AY0AZ+123", CHECKOUT_BODY + b"AZ0000"])
    def test_a_wrong_checksum_is_seen(self, frame: bytes) -> None:
        sealed = codec.unseal(frame)
        assert sealed.checked
        assert not sealed.intact

    @settings(derandomize=True)
    @given(st.binary(max_size=2000))
    def test_the_checksum_is_that_of_the_definition_at_any_length(self, data: bytes) -> None:
        assert codec.checksum(data) == b"%04X" % (-sum(data) & 0xFFFF)

    def test_the_checksum_of_the_largest_bytes(self) -> None:
        for length in (255, 256, 257, 16384):
            assert codec.checksum(b"\xff" * length) == b"%04X" % (-255 * length & 0xFFFF)

    @settings(derandomize=True)
    @given(st.binary(max_size=60), st.sampled_from([b"0", b"9", None]))
    def test_what_is_sealed_is_unsealed(self, body: bytes, sequence: bytes | None) -> None:
        body += b"|"
        assert codec.unseal(codec.seal(body, sequence, checked=True)) == (body, sequence, True, True)


class TestGolden:
    """Bytes and meaning side by side; offsets as in the definition's tables."""

    def test_checkout(self) -> None:
        assert codec.decode(CHECKOUT_BODY) == CHECKOUT
        assert codec.encode(CHECKOUT) == CHECKOUT_BODY

    def test_patron_information(self) -> None:
        body = f"63002{DATE}  Y       AOLENS|AAR000001|AD1234|BP1|BQ5|".encode()
        message = messages.PatronInformation(
            language=Language.FRENCH,
            transaction_date=NOON,
            summary=frozenset({Summary.CHARGED_ITEMS}),
            institution_id="LENS",
            patron_identifier="R000001",
            patron_password="1234",
            start_item=1,
            end_item=5,
        )
        assert codec.decode(body) == message
        assert codec.encode(message) == body

    def test_patron_information_response(self) -> None:
        body = (
            f"64Y         Y   002{DATE}0001    00020000000000"
            "03AOLENS|AAR000001|AEMarie Curie|BZ0010|BLY|CQN|BHEUR|BV1.50|ASI000007|AUI000001|AUI000002|AFVu|"
        ).encode()
        message = messages.PatronInformationResponse(
            patron_status=frozenset({PatronStatus.CHARGE_PRIVILEGES_DENIED, PatronStatus.EXCESSIVE_FINES}),
            language=Language.FRENCH,
            transaction_date=NOON,
            hold_items_count=1,
            overdue_items_count=None,
            charged_items_count=2,
            fine_items_count=0,
            recall_items_count=0,
            unavailable_holds_count=3,
            institution_id="LENS",
            patron_identifier="R000001",
            personal_name="Marie Curie",
            hold_items_limit=10,
            valid_patron=True,
            valid_patron_password=False,
            currency_type="EUR",
            fee_amount=Decimal("1.50"),
            hold_items=("I000007",),
            charged_items=("I000001", "I000002"),
            screen_message=("Vu",),
        )
        assert codec.decode(body) == message
        assert codec.encode(message) == body

    def test_acs_status(self) -> None:
        body = f"98YYYYNN100003{DATE}2.00AOLENS|AMLens|BXYYYNYYYYYNYNNNYN|".encode()
        message = codec.decode(body)
        assert isinstance(message, messages.ACSStatus)
        assert (message.timeout_period, message.retries_allowed) == (100, 3)
        assert set(SupportedMessage) - message.supported_messages == {"01", "37", "19", "25", "15", "65"}
        assert codec.encode(message) == body

    def test_checkout_response(self) -> None:
        body = f"121NUN{DATE}AOLENS|AAR000001|ABI000001|AJGerminal|AH20261213    235900|CK001|".encode()
        message = codec.decode(body)
        assert isinstance(message, messages.CheckoutResponse)
        assert (message.ok, message.renewal_ok, message.magnetic_media, message.desensitize) == (
            True,
            False,
            None,
            False,
        )
        assert message.media_type is MediaType.BOOK
        assert codec.encode(message) == body


class TestReading:
    def test_fields_may_come_in_any_order_and_unknown_ones_are_kept(self) -> None:
        body = f"11YN{DATE}{' ' * 18}ZZodd|ABI000001|AC|XI12|AAR000001|AOLENS|".encode()
        message = codec.decode(body)
        assert message.extensions == (("ZZ", "odd"), ("XI", "12"))
        assert isinstance(message, messages.Checkout)
        assert (message.item_identifier, message.patron_identifier) == ("I000001", "R000001")

    def test_of_a_duplicate_field_the_first_counts(self) -> None:
        message = codec.decode(f"17{DATE}AOLENS|ABI000001|ABI000002|".encode())
        assert isinstance(message, messages.ItemInformation)
        assert message.item_identifier == "I000001"

    @pytest.mark.parametrize("end", [b"", b"|", b"|||", b"| |\x01|x|"])
    def test_the_last_delimiter_may_be_missing_or_repeated(self, end: bytes) -> None:
        assert codec.decode(CHECKOUT_BODY.removesuffix(b"|") + end) == CHECKOUT

    def test_a_missing_required_field_reads_as_empty(self) -> None:
        message = codec.decode(f"11NN{DATE}{' ' * 18}ABI000001|".encode())
        assert isinstance(message, messages.Checkout)
        assert (message.institution_id, message.patron_identifier, message.terminal_password) == ("", "", "")
        assert message.patron_password is None

    def test_an_optional_field_that_is_empty_is_not_absent(self) -> None:
        message = codec.decode(f"63002{DATE}{' ' * 10}AO|AA1|AD|".encode())
        assert isinstance(message, messages.PatronInformation)
        assert message.patron_password == ""
        assert message.terminal_password is None

    def test_other_bytes_than_the_charset_has_are_latin_1(self) -> None:
        message = codec.decode(f"17{DATE}AO|ABdéjà|".encode("latin-1"), "utf-8")
        assert isinstance(message, messages.ItemInformation)
        assert message.item_identifier == "déjà"

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            (DATE, NOON),
            ("20261122   Z120000", NOON.replace(tzinfo=UTC)),
            ("20261122   A120000", NOON.replace(tzinfo=timezone(timedelta(hours=1)))),
            ("20261122   Q120000", NOON.replace(tzinfo=timezone(timedelta(hours=-4)))),
            ("20261122   ?120000", NOON),
            (" " * 18, None),
            ("0" * 18, None),
            ("20261322    120000", None),
            ("20261122    250000", None),
            ("rubbish in 18 char", None),
        ],
    )
    def test_dates(self, text: str, value: datetime | None) -> None:
        message = codec.decode(f"17{text}AO|AB|".encode())
        assert isinstance(message, messages.ItemInformation)
        assert message.transaction_date == value
        assert (message.transaction_date is None) == (value is None)

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("12.50", "12.50"),
            ("12,5", "12.5"),
            (" 3 ", "3"),
            ("-1.00", "-1.00"),
            ("1E+999999", None),
            ("NaN", None),
            ("", None),
        ],
    )
    def test_amounts(self, text: str, value: str | None) -> None:
        message = codec.decode(f"37{DATE}0100EURBV{text}|AO|AA|".encode())
        assert isinstance(message, messages.FeePaid)
        assert message.fee_amount == (Decimal(value) if value else None)

    def test_codes_outside_the_list_are_other(self) -> None:
        message = codec.decode(f"63999{DATE}YyN       XAO|AA|BPx|".encode())
        assert isinstance(message, messages.PatronInformation)
        assert message.language is Language.UNKNOWN
        assert message.summary == {Summary.HOLD_ITEMS, Summary.OVERDUE_ITEMS}
        assert message.start_item is None

    def test_an_unknown_code_is_malformed(self) -> None:
        for body in (b"", b"1", b"00", b"ZZ", b"GET / HTTP/1.1", "é9".encode()):
            with pytest.raises(codec.Malformed):
                codec.decode(body)

    @pytest.mark.parametrize(
        "text",
        [
            "11YN20261122AOLENS|AAR000001|ABI000001|",
            "11YNAO|AAR000001|ABI000001",
            f"11YN{DATE}|AAR000001|ABI000001|padding",
        ],
    )
    def test_a_fixed_part_cut_short_gives_what_can_be_read(self, text: str) -> None:
        with pytest.raises(codec.Truncated) as caught:
            codec.decode(text.encode())
        partial = caught.value.partial
        assert isinstance(partial, messages.Checkout)
        assert (partial.patron_identifier, partial.item_identifier) == ("R000001", "I000001")
        assert (partial.no_block, partial.transaction_date) == (False, None)

    def test_every_message_cut_anywhere_in_its_fixed_part_is_truncated(self) -> None:
        for code, kind in Message.BY_CODE.items():
            width = sum(row.column.width for row in kind.TABLE if not row.column.code)
            for length in range(width):
                with pytest.raises(codec.Truncated) as caught:
                    codec.decode(code.encode() + b"0" * length)
                assert type(caught.value.partial) is kind
                assert codec.encode(caught.value.partial).startswith(code.encode())

    @settings(derandomize=True, max_examples=300)
    @given(
        st.sampled_from([*Message.BY_CODE, "zz"]), st.binary(max_size=200), st.sampled_from(["utf-8", "cp850", "ascii"])
    )
    def test_nothing_but_malformed_is_raised(self, code: str, rest: bytes, charset: str) -> None:
        try:
            message = codec.decode(codec.unseal(code.encode() + rest).body, charset)
        except codec.Malformed:
            return
        repr(message)
        codec.encode(message, charset)


class TestWriting:
    @settings(derandomize=True, max_examples=400)
    @given(any_message(), st.sampled_from(["utf-8", "cp850", "latin-1", "cp1252"]))
    def test_every_message_survives_the_wire(self, message: Message, charset: str) -> None:
        assert codec.decode(codec.encode(message, charset), charset) == message

    def test_extensions_are_written_last(self) -> None:
        message = codec.decode(CHECKOUT_BODY + b"ZZodd|")
        assert codec.encode(message) == CHECKOUT_BODY + b"ZZodd|"

    @pytest.mark.parametrize("bad", ["\r", "\n", "\0", "|", "\t", "\x1b", "\x7f", "\x85", "\u2028"])
    def test_control_characters_and_the_delimiter_become_a_blank(self, bad: str) -> None:
        assert written(f"un{bad}deux") == b"un deux"

    def test_the_delimiter_in_a_fixed_field_cannot_shift_the_others(self) -> None:
        body = codec.encode(
            messages.SCStatus(status_code=TerminalStatus.OK, max_print_width=80, protocol_version="2|\ré0")
        )
        assert body == b"990080" + b"2???"

    @pytest.mark.parametrize(
        ("charset", "sent"),
        [
            ("ascii", b"L'oeuvre d'Emile Zola ?"),
            ("latin-1", b"L'oeuvre d'\xc9mile Zola ?"),
            ("cp850", b"L'oeuvre d'\x90mile Zola ?"),
            ("cp1252", b"L\x92\x9cuvre d'\xc9mile Zola ?"),
        ],
    )
    def test_characters_that_the_charset_lacks_are_folded(self, charset: str, sent: bytes) -> None:
        assert written("L’œuvre d'Émile Zola 漢", charset) == sent

    def test_folding_takes_accents_off_letters_that_stand_apart_from_them(self) -> None:
        assert written("e\u0301te\u0301 …", "ascii") == b"ete ..."
        assert written("\ud800") == b"?"

    def test_values_are_cut_at_255_bytes_between_characters(self) -> None:
        message = messages.EndSessionResponse(
            end_session=True, transaction_date=NOON, institution_id="é" * 200, patron_identifier="x" * 300
        )
        fields = codec.encode(message)[21:].split(b"|")
        assert fields == [b"AO" + "é".encode() * 127, b"AA" + b"x" * 255, b""]

    def test_long_screen_messages_go_on_in_the_next_field(self) -> None:
        words = " ".join(f"mot{number}" for number in range(120))
        response = codec.decode(codec.encode(screen(words, "fin")))
        assert isinstance(response, messages.EndSessionResponse)
        *lines, last = response.screen_message
        assert last == "fin"
        assert " ".join(lines) == words
        assert all(200 < len(line) <= 255 for line in lines[:-1])

    def test_a_long_screen_message_without_blanks_is_split_between_characters(self) -> None:
        response = codec.decode(codec.encode(screen("é" * 300)))
        assert isinstance(response, messages.EndSessionResponse)
        assert "".join(response.screen_message) == "é" * 300
        assert [len(line) for line in response.screen_message] == [127, 127, 46]

    @settings(derandomize=True, max_examples=300)
    @given(st.lists(st.text(max_size=400), max_size=4), st.sampled_from(["utf-8", "cp850", "ascii", "latin-1", "gbk"]))
    def test_whatever_the_text_the_wire_stays_whole(self, texts: list[str], charset: str) -> None:
        body = codec.encode(screen(*texts), charset)
        assert not set(body) & set(range(0x20))
        fields = body[21:].split(b"|")[:-1]
        assert len(fields) >= 2 + len(texts)
        assert all(field[:2] in {b"AO", b"AA", b"AF"} and len(field) <= 257 for field in fields)

    def test_numbers_that_do_not_fit_are_the_largest_or_none(self) -> None:
        def width(value: int | None) -> bytes:
            message = messages.SCStatus(status_code=TerminalStatus.OK, max_print_width=value, protocol_version="2.00")
            return codec.encode(message)[3:6]

        assert [width(value) for value in (7, 80, 1000, -5, None)] == [b"007", b"080", b"999", b"000", b"   "]

    def test_a_date_of_an_odd_zone_is_written_in_utc(self) -> None:
        date = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
        body = codec.encode(messages.ItemInformation(transaction_date=date, institution_id="", item_identifier=""))
        assert body == b"1720261122   Z063000AO|AB|"
