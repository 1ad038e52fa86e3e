"""The crosswalk there and back on real records, field by field: what comes back as it was, in all its subfields.

Indicators are left out of the comparison: old systems fill those that their format does not define. So is what the source says
in fields of its own (9XX, and 8XX that the other format has no word for).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from protocols.marc.crosswalk import bare, convert
from protocols.marc.format import Format
from protocols.marc.record import Field, Record
from tests.shared.test_marc_files import canonical_records

UNIMARC = ("refman-periouni.mrc", "refman-cotes8.mrc", "refman-cotesD.mrc", "refman-cotesT.mrc")
MARC21 = ("eg-lul_fre_500.mrc", "eg-jazz_1k.mrc", "pymarc-marc.dat")
OTHER = {Format.UNIMARC: Format.MARC21, Format.MARC21: Format.UNIMARC}


def content(field: Field) -> str:
    """Return what a field says, without the punctuation at the ends of its subfields."""
    if field.is_control:
        return field.data
    return " ".join(f"${code} {bare(value).rstrip(' .,')}" for code, value in field.subfields)


def kept(directory: Path, names: tuple[str, ...], form: Format) -> dict[str, float]:
    """Return for each tag which part of its fields comes back with the same content."""
    total: Counter[str] = Counter()
    same: Counter[str] = Counter()
    for name in names:
        for each in canonical_records(directory / "marc" / name):
            if each.form is not form:
                continue
            record = Record.parse(each.leader, each.fields)
            there = convert(record, form, OTHER[form]).record
            back = Counter((field.tag, content(field)) for field in convert(there, OTHER[form], form).record.fields)
            for field in record.fields:
                key = field.tag, content(field)
                if not field.is_control and not any(value for _, value in field.subfields):
                    continue
                total[field.tag] += 1
                same[field.tag] += back[key] > 0
                back[key] -= 1
    return {tag: same[tag] / total[tag] for tag in total if total[tag] >= 10}


# Tag: the least part of its fields that comes back as it was. 100 loses blanks that mean nothing, 801 its dates.
UNIMARC_FLOORS = {
    "001": 1, "005": 1, "011": 0.95, "035": 1, "101": 0.99, "102": 0.95, "106": 0.85, "110": 0.6, "200": 0.97, "205": 0.95,
    "207": 0.95, "210": 0.95, "215": 0.95, "225": 0.9, "230": 0.8, "300": 0.95, "320": 0.95, "326": 0.95, "330": 0.95,
    "336": 0.95, "337": 0.95, "410": 0.7, "421": 0.7, "422": 0.8, "423": 0.9, "430": 0.85, "436": 0.75, "437": 0.9,
    "440": 0.85, "447": 0.9, "452": 0.65, "510": 0.9, "512": 0.9, "517": 0.9, "530": 0.95, "601": 0.9, "606": 0.95,
    "607": 0.95, "676": 0.95, "700": 0.95, "710": 0.85, "711": 0.85, "856": 0.95, "995": 0.99,
}  # fmt: skip
MARC21_FLOORS = {
    "001": 1, "005": 1, "020": 0.95, "035": 0.99, "040": 0.95, "050": 0.95, "245": 0.9, "250": 0.95, "260": 0.95, "300": 0.95,
    "500": 0.95, "504": 0.95, "505": 0.95, "511": 0.95, "650": 0.9, "651": 0.9, "100": 0.95, "700": 0.95, "710": 0.9,
}  # fmt: skip


def check(found: dict[str, float], floors: dict[str, float]) -> None:
    short = {tag: round(found.get(tag, 0), 3) for tag, floor in floors.items() if found.get(tag, 0) < floor}
    assert not short


def test_unimarc_comes_back_from_marc21_field_by_field(shared_data: Path) -> None:
    check(kept(shared_data, UNIMARC, Format.UNIMARC), UNIMARC_FLOORS)


def test_marc21_comes_back_from_unimarc_field_by_field(shared_data: Path) -> None:
    check(kept(shared_data, MARC21, Format.MARC21), MARC21_FLOORS)
