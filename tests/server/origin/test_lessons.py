"""What is kept of what a target complained of."""

from __future__ import annotations

from protocols.sru import origin as sru
from protocols.z3950 import oids
from protocols.z3950.origin import Retrieved
from server.origin.lessons import Lesson


def retrieved(left_out: set[int], *codes: int, syntax: str = "") -> Retrieved:
    return Retrieved(left_out=frozenset(left_out), diagnostics=[(code, "") for code in codes], syntax=syntax)


def test_types_that_a_target_minds_are_left_out_of_that_kind_of_question() -> None:
    lesson = Lesson().of_z3950(retrieved({2, 6}, 117, 122), is_isbn=False)
    assert (lesson.query, lesson.isbn, lesson.told[:4]) == ((2, 6), (), "117 ")
    assert lesson.of_z3950(retrieved({1, 2}, 114), is_isbn=True).isbn == (1, 2)


def test_a_use_attribute_that_one_query_asked_for_is_said_again_in_the_next() -> None:
    lesson = Lesson().of_z3950(retrieved({1, 2, 3, 4, 5, 6}, 114), is_isbn=False)
    assert lesson.query == (2, 3, 4, 5, 6)


def test_without_a_complaint_nothing_changes() -> None:
    before = Lesson(isbn=(2,), told="117", at=7)
    assert before.of_z3950(retrieved({2}), is_isbn=True) is before
    assert before.of_z3950(retrieved({2}, 14), is_isbn=True) is before
    assert before.of_sru([(5, "")], way=1, schema="", is_isbn=True) is before


def test_a_syntax_is_asked_first_when_the_target_knows_no_other_not_when_one_record_lacks_it() -> None:
    assert Lesson().of_z3950(retrieved(set(), 239, syntax=oids.USMARC), is_isbn=True).syntax == oids.USMARC
    assert Lesson().of_z3950(retrieved(set(), 238, syntax=oids.USMARC), is_isbn=True).syntax == ""
    assert Lesson().of_sru([(sru.SCHEMA_UNKNOWN, "x")], way=0, schema="marcxml", is_isbn=True).syntax == "marcxml"


def test_the_way_in_which_sru_took_an_isbn_is_kept() -> None:
    lesson = Lesson().of_sru([(16, "bath.isbn")], way=2, schema="", is_isbn=True)
    assert (lesson.isbn, lesson.told) == ((2,), "16 index not supported bath.isbn")
