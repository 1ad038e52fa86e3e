"""Two descriptions of one document made one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocols.marc.format import Format
from protocols.marc.merge import combine, fullness
from protocols.marc.record import Field, Record, Subfield

LEADER = "00000nam  2200000   450 "


def field(tag: str, text: str, code: str = "a") -> Field:
    return Field(tag, text) if tag < "010" else Field(tag, subfields=[Subfield(code, text)])


def texts(record: Record) -> list[str]:
    return [f"{each.tag} {each.data or each.get('abt3')}" for each in record.fields]


def merged(base: list[Field], other: list[Field], form: Format = Format.UNIMARC) -> list[str]:
    return texts(combine(Record(LEADER, base), [Record(LEADER, other)], form))


def test_the_base_keeps_its_number_and_description_and_gains_what_it_has_not() -> None:
    base = [field("001", "1"), field("200", "Germinal"), field("606", "Mines"), field("700", "Zola, Émile")]
    other = [
        field("001", "2"), field("010", "2-253-00422-7"), field("200", "GERMINAL"), field("205", "2e éd."),
        field("606", "mines."), field("606", "Grèves"), field("702", "Untel"), field("995", "R ZOL"),
    ]  # fmt: skip
    assert merged(base, other) == [
        "001 1", "010 2-253-00422-7", "200 Germinal", "205 2e éd.", "606 Mines", "606 Grèves", "700 Zola, Émile", "995 R ZOL",
    ]  # fmt: skip


def test_publication_is_one_group_whether_in_210_or_214() -> None:
    assert merged([field("214", "Paris")], [field("210", "Lille")]) == ["214 Paris"]


def test_marc21_has_rules_of_its_own() -> None:
    base = [field("100", "Zola, Émile"), field("245", "Germinal"), field("264", "Paris")]
    other = [field("020", "2253004227"), field("260", "Lille"), field("650", "Mines"), field("700", "Zola, E.")]
    assert merged(base, other, Format.MARC21) == [
        "020 2253004227", "100 Zola, Émile", "245 Germinal", "264 Paris", "650 Mines",
    ]  # fmt: skip


FIELDS = st.lists(
    st.builds(field, st.from_regex(r"[0-9]{3}", fullmatch=True), st.text("ab .", max_size=4)), max_size=12
)


@given(FIELDS, FIELDS, st.sampled_from(Format))
def test_nothing_of_the_base_goes_and_a_second_time_nothing_comes(
    base: list[Field], other: list[Field], form: Format
) -> None:
    first, second = Record(LEADER, base), Record(LEADER, other)
    once = combine(first, [second], form)
    kept = [each for each in once.fields if any(each is mine for mine in base)]
    assert kept == base
    assert combine(once, [second], form).fields == once.fields


def test_the_fuller_record_has_more_points() -> None:
    poor = Record(LEADER[:17] + "3" + LEADER[18:], [field("200", "Germinal")])
    rich = Record(LEADER, [field("200", "Germinal"), field("330", "La mine")])
    assert fullness(rich, Format.UNIMARC) > fullness(poor, Format.UNIMARC)
