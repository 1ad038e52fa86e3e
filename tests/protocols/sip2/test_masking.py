"""What is shown and kept of a frame: no secret and nothing of a reader, whatever came."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sip2 import codec
from protocols.sip2.masking import mask


@settings(max_examples=300, derandomize=True)
@given(st.binary(max_size=80), st.sampled_from([b"63001" + b" " * 28, b"11NN" + b" " * 36, b"64", b"zz", b""]))
def test_whatever_comes_masking_is_harmless(tail: bytes, head: bytes) -> None:
    shown = mask(head + tail + b"|AASECRETCARD|ADSECRETPIN|aesecretname|")
    assert "SECRET" not in shown.upper()
    assert shown.isprintable() or not tail.isascii()


def test_what_is_no_message_is_not_shown() -> None:
    for frame in (b"GET /?pin=1234 HTTP/1.1", b"63001|AASECRET|", b"AD1234"):
        assert mask(frame) == f"<{len(frame)} bytes>"
    assert mask(codec.seal(b"9300CNkiosk|COdemo|", b"1", checked=True)) == "9300CN<CN>|CO<CO>|"
