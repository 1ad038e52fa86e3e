"""Hypothesis strategies for records."""

from __future__ import annotations

from hypothesis import strategies as st

from protocols.marc.iso2709 import RawField
from protocols.marc.record import Field, Record, Subfield

# Letters of every kind that NFC leaves alone, none of the separators.
TEXT = st.text(
    st.one_of(
        st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ éèêëàâçîïôùûüœŒæÆÉÈÇ0123456789'’«»,.;:-/()&<>\""),
        st.characters(blacklist_categories=("Cs", "Cc", "Mn", "Mc", "Co", "Cn"), max_codepoint=0xFFFF),
    ),
    max_size=40,
).map(lambda text: text.replace("\ufffd", ""))
TAGS = st.integers(10, 999).map(lambda number: f"{number:03}")
CODES = st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789")
SUBFIELDS = st.builds(Subfield, CODES, TEXT.filter(bool))
DATA_FIELDS = st.builds(
    lambda tag, indicators, subfields: Field(tag, "", indicators, subfields),
    TAGS,
    st.text("0123456789 ", min_size=2, max_size=2),
    st.lists(SUBFIELDS, min_size=1, max_size=5),
)
CONTROL_FIELDS = st.builds(Field, st.integers(1, 9).map(lambda number: f"{number:03}"), TEXT.filter(bool))
RECORDS = st.builds(
    Record,
    st.just("00000nam  2200000   450 "),
    st.lists(st.one_of(CONTROL_FIELDS, DATA_FIELDS), min_size=1, max_size=12),
)
RAW_FIELDS: st.SearchStrategy[list[RawField]] = st.lists(
    st.tuples(
        st.text("0123456789ABC", min_size=3, max_size=3).map(str.encode),
        st.binary(max_size=60).map(lambda data: data.translate(None, b"\x1d\x1e")),
    ),
    min_size=1,
    max_size=20,
)
