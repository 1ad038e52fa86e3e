"""Real records of many systems: read, understood and brought to one form."""

from __future__ import annotations

import io
import unicodedata
from collections import Counter
from pathlib import Path

import pymarc
import pytest

from protocols.marc import iso2709, marcxml
from protocols.marc.canonical import Canonical, Finding, from_iso2709
from protocols.marc.charsets import Charset, decode, encode, without_marks
from protocols.marc.crosswalk import convert
from protocols.marc.detect import detect
from protocols.marc.display import isbd, short
from protocols.marc.format import Format
from protocols.marc.record import Record

# File: records, format, character set of most of those that are not ASCII.
FILES = {
    "refman-periouni.mrc": (3064, Format.UNIMARC, Charset.UTF8),
    "refman-cotes8.mrc": (35, Format.UNIMARC, Charset.UTF8),
    "refman-cotesD.mrc": (20, Format.UNIMARC, Charset.UTF8),
    "refman-cotesT.mrc": (19, Format.UNIMARC, Charset.UTF8),
    "pymarc-testunimarc.dat": (1, Format.UNIMARC, Charset.UTF8),
    "pymarc-marc.dat": (20, Format.MARC21, Charset.UTF8),
    "eg-lul_fre_500.mrc": (500, Format.MARC21, Charset.MARC8),
    "eg-jazz_1k.mrc": (1000, Format.MARC21, Charset.MARC8),
    "eg-nepali.marc": (96, Format.MARC21, Charset.UTF8),
    "yaz-marc5.mrc": (1, Format.MARC21, Charset.UTF8),
    "yaz-marc7.mrc": (1, Format.MARC21, Charset.MARC8),
    "yaz-marc8.mrc": (1, Format.MARC21, Charset.MARC8),
    "yaz-marc9.mrc": (1, Format.MARC21, Charset.MARC8),
    "yaz-marc12.mrc": (1, Format.MARC21, Charset.MARC8),
    # danMARC and BIBSYS: neither of our formats, but nothing in them may break us
    "yaz-marc1.mrc": (1, None, None),
    "yaz-marc2.mrc": (1, None, None),
    "yaz-marc3.mrc": (1, None, None),
    "yaz-marc10.mrc": (1, None, None),
    "yaz-marc11.mrc": (1, None, None),
}


def raw_records(path: Path) -> list[bytes]:
    found = list(iso2709.records([path.read_bytes()]))
    return [raw for raw in found if isinstance(raw, bytes)]


def canonical_records(path: Path) -> list[Canonical]:
    return [from_iso2709(raw) for raw in raw_records(path)]


@pytest.mark.parametrize("name", FILES)
def test_every_record_of_every_file_is_read_understood_and_written(shared_data: Path, name: str) -> None:
    count, form, charset = FILES[name]
    records = canonical_records(shared_data / "marc" / name)
    assert len(records) == count
    for record in records:
        raw = record.to_iso2709()
        assert iso2709.fields(raw) == record.fields
        assert unicodedata.is_normalized("NFC", raw.decode())
        assert raw[9:10] == (b" " if record.form is Format.UNIMARC else b"a")
        again = from_iso2709(raw, record.form)
        assert again.to_iso2709() == raw
        assert again.found.keys() <= {Finding.LOST}  # What is lost once stays lost.
        assert isbd(Record.parse(record.leader, record.fields), record.form)
    if form is not None:
        assert {record.form for record in records} == {form}
    not_ascii = Counter(
        r.charset
        for r, raw in zip(records, raw_records(shared_data / "marc" / name), strict=True)
        if not raw.isascii() or b"\x1b" in raw
    )
    if charset is not None and not_ascii:
        assert not_ascii.most_common(1)[0][0] is charset


def test_french_accents_of_marc_8_are_right(shared_data: Path) -> None:
    records = canonical_records(shared_data / "marc" / "eg-lul_fre_500.mrc")
    titles = {short(record.fields, record.form) for record in records}
    assert ("Le divin", "Hébert, Marcel") in titles
    assert ("L'autre monde, mythes et légendes", "Félice, Philippe de") in titles
    text = "".join(data.decode() for record in records for _, data in record.fields)
    letters = Counter(char for char in text if ord(char) > 0x7F)
    # What else is there than French is Greek transliterated and Slavic, a handful of each.
    french = sum(letters[char] for char in "éèêëàâäçîïôöùûüœæÉÈÊÀÂÇÎÔŒÆ")
    assert french / letters.total() > 0.98
    assert not any(Finding.LOST in record.found for record in records)


def test_serials_say_iso_5426_and_are_utf_8(shared_data: Path) -> None:
    records = canonical_records(shared_data / "marc" / "refman-periouni.mrc")
    assert sum(Finding.CLAIM in record.found for record in records) == 506
    for record in records:
        coded = next(data for tag, data in record.fields if tag == b"100").partition(b"\x1fa")[2]
        assert coded[26:30] == b"50  "


def test_call_numbers_encoded_twice_are_repaired(shared_data: Path) -> None:
    records = canonical_records(shared_data / "marc" / "refman-cotes8.mrc")
    assert sum(Finding.TWICE in record.found for record in records) == 34
    fields = [data for record in records for tag, data in record.fields if tag == b"995"]
    assert all("Â".encode() not in data for data in fields)
    assert any("8°007.775".encode() in data for data in fields)


@pytest.mark.parametrize("charset", [Charset.ISO5426, Charset.CP850, Charset.CP1252])
def test_real_french_in_old_sets_is_recognised_record_by_record(shared_data: Path, charset: Charset) -> None:
    right = wrong = 0
    for record in canonical_records(shared_data / "marc" / "refman-periouni.mrc"):
        text = "\x1e".join(data.decode() for tag, data in record.fields if tag < b"900")
        plain = "".join(char for char in text if ord(char) < 0x100)
        try:
            octets = encode(plain, charset)
        except ValueError:
            continue
        if octets.isascii():
            continue
        found = detect(octets, Format.UNIMARC)
        right += found is charset and decode(octets, found).replace("no ", "n° ") == plain.replace("no ", "n° ")
        wrong += found is not charset
    assert right > 2000
    assert wrong <= right / 500


@pytest.mark.parametrize("name", ["pymarc-marc.dat", "eg-nepali.marc"])
def test_pymarc_agrees_on_marc21_in_utf_8(shared_data: Path, name: str) -> None:
    data = (shared_data / "marc" / name).read_bytes()
    for raw, theirs in zip(
        raw_records(shared_data / "marc" / name), pymarc.MARCReader(io.BytesIO(data), force_utf8=True), strict=True
    ):
        assert theirs is not None
        ours = Record.from_iso2709(raw)
        assert [f.tag for f in ours.fields] == [f.tag for f in theirs.fields]
        assert [[tuple(s) for s in f.subfields] for f in ours.fields] == [
            [tuple(s) for s in f.subfields] for f in theirs.fields
        ]


@pytest.mark.parametrize("name", ["refman-periouni.mrc", "refman-cotes8.mrc", "eg-lul_fre_500.mrc", "eg-jazz_1k.mrc"])
def test_xml_brings_every_record_back(shared_data: Path, name: str) -> None:
    records = canonical_records(shared_data / "marc" / name)
    reader = marcxml.Reader()
    reader.receive(b"<collection>")
    for record in records:
        (again,) = reader.receive(marcxml.record_xml(record.leader, record.fields).encode())
        assert isinstance(again, marcxml.XmlRecord)
        read, written = (Record.parse(each.leader, each.fields).fields for each in (again, record))
        assert [f.text() for f in read] == [without_marks(f.text()) for f in written]


@pytest.mark.parametrize(
    ("name", "kept"), [("refman-cotes8.mrc", 0.95), ("refman-periouni.mrc", 0.9), ("eg-lul_fre_500.mrc", 0.95)]
)
def test_the_crosswalk_brings_back_what_it_does_not_name_as_lost(shared_data: Path, name: str, kept: float) -> None:
    """Count words of titles, names, publication and subjects that survive there and back."""
    tags = {
        Format.UNIMARC: {
            "200",
            "205",
            "210",
            "214",
            "215",
            "225",
            "600",
            "601",
            "606",
            "607",
            "700",
            "701",
            "702",
            "710",
            "711",
        },
        Format.MARC21: {"100", "110", "245", "250", "260", "300", "490", "600", "610", "650", "651", "700", "710"},
    }
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for made in canonical_records(shared_data / "marc" / name):
        record = Record.parse(made.leader, made.fields)
        other = Format.MARC21 if made.form is Format.UNIMARC else Format.UNIMARC
        back = convert(convert(record, made.form, other).record, other, made.form).record
        for counter, source in ((before, record), (after, back)):
            counter.update(
                word for field in source.all(*tags[made.form]) for _, v in field.subfields for word in _words(v)
            )
    assert (before & after).total() / before.total() > kept


def _words(text: str) -> list[str]:
    return "".join(char if char.isalnum() else " " for char in text).split()
