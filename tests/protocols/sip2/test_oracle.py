"""What we send must be read, and read alike, by an independent and strict decoder (PyPI: pysip2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysip2.codec import decode_message, encode_message
from pysip2.models import MESSAGE_SPECS_BY_ID

from protocols.sip2 import codec, messages
from protocols.sip2.codes import HoldMode
from protocols.sip2.fields import Kind
from protocols.sip2.tables import Message, Row

from .strategies import LETTERS
from .strategies import messages as any_message

CHARSETS = st.sampled_from(["utf-8", "cp850", "latin-1"])


def strict(message: Message) -> bool:
    """The oracle wants what we always send: a date, numbers, digits in versions and currencies."""
    for row in message.TABLE:
        value = getattr(message, row.name)
        if row.column.kind is Kind.DATE and row.required and value is None:
            return False
        if row.column.kind is Kind.NUMBER and row.required and value is None and message.CODE != "64":
            return False
    return getattr(message, "hold_mode", None) is not HoldMode.UNKNOWN


def plain(message: Message) -> Message:
    """The same message without extensions, and with the free texts that the oracle checks by pattern made to fit it."""
    fitting = {"protocol_version": "2.00", "currency_type": "EUR", "payment_type": "02"}
    extensions = {row.name for row in message.TABLE if row.column.extension}
    return type(message)(
        **{name: fitting.get(name, value) for name, value in vars(message).items() if name not in extensions}
    )


def theirs(row: Row, decoded: Any) -> Any:
    name = next(field.name for field in MESSAGE_SPECS_BY_ID[decoded[0]].fields if field.field_id == row.column.code)
    return getattr(decoded[1], name)


@settings(derandomize=True, max_examples=250)
@given(any_message().map(plain).filter(strict), CHARSETS, st.sampled_from([b"0", b"9"]))
def test_everything_sent_is_decoded_alike(message: Message, charset: str, sequence: bytes) -> None:
    trailer = None if message.CODE in {"96", "97"} else sequence
    frame = codec.seal(codec.encode(message, charset), trailer, checked=True) + b"\r"
    decoded = decode_message(frame, encoding=charset)
    assert decoded.sequence_number == (None if trailer is None else int(trailer))
    for row in message.TABLE:
        if row.column.code and not row.column.extension and row.column.kind is Kind.TEXT:
            assert theirs(row, (message.CODE, decoded.message)) == getattr(message, row.name)


@settings(derandomize=True, max_examples=250)
@given(any_message().map(plain).filter(strict), CHARSETS)
def test_what_the_oracle_sends_is_decoded_alike(message: Message, charset: str) -> None:
    body = codec.encode(message, charset)
    control = message.CODE in {"96", "97"}
    model = decode_message(body + b"\r", encoding=charset).message
    frame = encode_message(model, sequence_number=None if control else 5, checksum=True, encoding=charset)
    sealed = codec.unseal(frame.removesuffix(b"\r"))
    assert sealed.intact
    assert codec.decode(sealed.body, charset) == message


@settings(derandomize=True, max_examples=200)
@given(st.lists(st.text(max_size=600), min_size=1, max_size=3), CHARSETS)
def test_hostile_texts_never_make_a_frame_that_the_oracle_refuses(texts: list[str], charset: str) -> None:
    message = messages.EndSessionResponse(
        end_session=True,
        transaction_date=datetime(2026, 11, 22, 12, 0),  # noqa: DTZ001 - local time, as the wire has it
        institution_id=texts[0],
        patron_identifier=texts[-1],
        screen_message=tuple(texts),
    )
    decoded: Any = decode_message(codec.encode(message, charset) + b"\r", encoding=charset).message
    assert len(decoded.screen_message) >= len(texts)


def test_the_tables_agree_on_the_fixed_parts_and_on_what_is_required() -> None:
    assert set(MESSAGE_SPECS_BY_ID) == set(Message.BY_CODE)
    for code, spec in MESSAGE_SPECS_BY_ID.items():
        rows = Message.BY_CODE[code].TABLE
        assert [row.column.width for row in rows if not row.column.code] == [
            field.width for field in spec.fields if field.field_id is None
        ], code
        ours = {
            row.column.code: (row.required, row.repeatable)
            for row in rows
            if row.column.code and not row.column.extension
        }
        assert ours == {
            field.field_id: (field.required, field.repeatable) for field in spec.fields if field.field_id is not None
        }, code


@pytest.mark.parametrize("charset", ["utf-8", "cp850", "latin-1", "cp1252"])
def test_the_letters_of_the_strategies_are_in_every_charset(charset: str) -> None:
    assert LETTERS.encode(charset).decode(charset) == LETTERS
