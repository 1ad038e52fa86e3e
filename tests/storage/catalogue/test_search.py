"""Search on real databases: what is found, what is refused, and an oracle that reads every record."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap
from sqlalchemy import Connection, update
from twisted.internet.defer import gatherResults

from protocols.marc.charsets import without_article
from protocols.marc.format import Format
from protocols.marc.record import Record
from storage.catalogue import analyser, masks, records
from storage.catalogue import search as searching
from storage.catalogue.access_points import (
    ADDED,
    ALL,
    ANY,
    BODY,
    ISBN,
    ISSN,
    LOCAL_NUMBER,
    OTHER_NUMBER,
    PERSON,
    PLACE,
    PUBLISHER,
    RESPONSIBILITY,
    SERIES,
    SUBJECT,
    TITLE,
    YEAR,
    AccessPoint,
    by_use,
    places,
)
from storage.catalogue.hits import Hits
from storage.catalogue.query import (
    And,
    AndNot,
    Between,
    Distance,
    Kind,
    Masked,
    Near,
    Or,
    Present,
    Query,
    QueryError,
    QueryReason,
    ResultSet,
    Term,
)
from storage.catalogue.records import NewRecord
from storage.database import Location
from storage.schema import posting
from tests.counter import Counter
from tests.reactor import await_
from tests.storage.catalogue.corpus import NOW, RECORDS, TEXTS, VOCABULARY, catalogues
from tests.storage.catalogue.running import LENS_BASE, NETWORK, declare_databases, found, new_record


@pytest.fixture
def connection(any_location: Location) -> Iterator[Connection]:
    """A catalogue of five records, numbered from 1, the last of them in the second database alone."""
    engine = any_location.engine()
    with engine.begin() as connection:
        declare_databases(connection)
        assert records.save_records(connection, RECORDS[:4], [NETWORK], NOW).ids == [1, 2, 3, 4]
        assert records.save_records(connection, RECORDS[4:], [LENS_BASE], NOW).ids == [5]
    with engine.begin() as connection:
        yield connection


def words(point: AccessPoint, text: str) -> Term:
    return Term((point,), Kind.WORDS, text)


FINDS: list[tuple[Query, list[int]]] = [
    # accents, ligatures, elisions, case
    (words(TITLE, "germinal"), [1, 4]),
    (words(TITLE, "L'Oeuvre"), [2]),
    (words(TITLE, "œuvre"), [2]),
    (words(TITLE, "OEUVRE"), [2]),
    (words(PERSON, "emile zola"), [1, 2, 4]),
    (words(PERSON, "Émile"), [1, 2, 4]),
    # identifiers
    (words(ISBN, "9782253004226"), [1, 4]),
    (words(ISBN, "2-253-00422-7"), [1, 4]),
    (words(ISBN, "978-2-253-00422-6 (br.)"), [1, 4]),
    (words(ISSN, "00352969"), [3]),
    (words(LOCAL_NUMBER, "4"), [4]),
    (Term((LOCAL_NUMBER, OTHER_NUMBER), Kind.WORDS, "2"), [2]),
    (words(YEAR, "1983"), [1, 4]),
    (Term((ISBN,), Kind.PREFIX, "2-253"), [1, 4]),
    (Term((ISBN,), Kind.PREFIX, "978225"), [1, 4]),
    (Term((ISBN,), Kind.PREFIX, "2-253-00422-7"), [1, 4]),
    (Term((YEAR,), Kind.PREFIX, "19"), [1, 2, 4]),
    # anywhere
    (words(ANY, "peintre"), [2]),
    (words(ANY, "zola 1983"), [1, 4]),
    (words(ANY, "2253004227"), [1, 4]),
    (words(ANY, "0035-2969"), [3]),
    (words(ANY, "lens"), [3, 5]),
    # other points
    (words(SUBJECT, "france histoire"), [3]),
    (words(SERIES, "poche"), [2]),
    (words(PUBLISHER, "gallimard"), [2]),
    (words(PLACE, "london"), [4]),
    (Term(by_use[1003], Kind.WORDS, "zola"), [1, 2, 4]),
    (Term(by_use[1003], Kind.WORDS, "societe lens"), [5]),
    (words(RESPONSIBILITY, "zola"), [1, 2, 4]),
    # several points: each word in any of them
    (Term((TITLE, PERSON), Kind.WORDS, "zola germinal"), [1, 4]),
    # phrases
    (Term((TITLE,), Kind.PHRASE, "de la mine"), [3]),
    (Term((TITLE,), Kind.PHRASE, "la mine"), [3, 5]),
    (Term((TITLE,), Kind.PHRASE, "mine la"), []),
    (Term((TITLE,), Kind.PHRASE, "histoire"), [3, 5]),
    (Term((TITLE,), Kind.PHRASE, "histoire de la mine en france"), [3]),
    (Term((TITLE,), Kind.PHRASE, "mine de france histoire"), [5]),
    (Term((PERSON,), Kind.PHRASE, "Émile Zola"), [1, 2, 4]),
    (Term((PERSON,), Kind.PHRASE, "Zola, Émile"), [1, 2, 4]),
    (Term((ANY,), Kind.PHRASE, "emile zola"), [1, 2, 4]),
    (Term((ANY,), Kind.PHRASE, "livre de poche"), [2]),
    (Term((PUBLISHER,), Kind.PHRASE, "presses du nord"), [3]),
    (Term((PUBLISHER,), Kind.PHRASE, "du presses"), []),
    # truncation
    (Term((TITLE,), Kind.PREFIX, "germ"), [1, 4]),
    (Term((TITLE,), Kind.PREFIX, "mine fr"), [3, 5]),
    (Term((ANY,), Kind.PREFIX, "peintr"), [2]),
    # headings
    (Term((TITLE,), Kind.HEADING, "Le Germinal"), [1, 4]),
    (Term((TITLE,), Kind.HEADING, "germinal : roman"), [1]),
    (Term((TITLE,), Kind.HEADING, "germ"), []),
    (Term((TITLE,), Kind.HEADING_PREFIX, "L'œu"), [2]),
    (Term((TITLE,), Kind.HEADING_PREFIX, "mine de"), [5]),
    (Term((PERSON, BODY), Kind.HEADING, "Zola, Émile"), [1, 2, 4]),
    (Term((SUBJECT,), Kind.HEADING, "Mineurs -- France"), [1]),
    (Term((SUBJECT,), Kind.HEADING, "Mineurs"), [1]),
    (Term((TITLE,), Kind.HEADING_WORDS, "germinal"), [1, 4]),
    (Term((TITLE,), Kind.HEADING_WORDS, "Germinal, the"), [4]),
    (Term((TITLE,), Kind.HEADING_WORDS, "ger"), []),
    (Term((PERSON,), Kind.HEADING, "Émile Zola"), [1, 2, 4]),
    (Term((PERSON,), Kind.HEADING_PREFIX, "Émile Zol"), []),
    # some of the words; a phrase that goes on
    (Term((TITLE,), Kind.SOME, "germinal mine nothing"), [1, 3, 4, 5]),
    (Term((TITLE,), Kind.PHRASE_PREFIX, "histoire de la mi"), [3]),
    (Term((TITLE,), Kind.PHRASE_PREFIX, "la mi"), [3, 5]),
    (Term((TITLE,), Kind.PHRASE_PREFIX, "ger"), [1, 4]),
    (Term((PUBLISHER,), Kind.PHRASE_PREFIX, "presses du no"), [3]),
    # masks
    (Masked((TITLE,), masks.truncated("minal", right=False)), [1, 4]),
    (Masked((TITLE, PERSON), masks.truncated("oi", right=True)), [3, 5]),
    (Masked((TITLE,), masks.z3958_masks("m#ne fran?")), [3, 5]),
    (Masked((ANY,), masks.expression_masks("pe[ai]ntre")), [2]),
    (Masked((ISBN,), masks.truncated("4226", right=False)), [1, 4]),
    (Masked((TITLE,), masks.hash_masks("xyz#")), []),
    # more and less
    (Between((YEAR,), "1983", None), [1, 2, 3, 4]),
    (Between((YEAR,), "1983", None, low_included=False), [2, 3]),
    (Between((YEAR,), None, "1998"), [1, 2, 4]),
    (Between((YEAR,), None, "1998", high_included=False), [1, 4]),
    (Between((YEAR,), "1990", "2001"), [2, 3]),
    (Between((ADDED,), "2001", "2001-02-06"), [1]),
    (Between((ADDED,), "2001-02", None, low_included=False), []),
    (Between((ISBN,), "9782253004226", "9782253004226"), [1, 4]),
    (Term((ADDED,), Kind.WORDS, "2001-02"), [1]),
    (Term((ADDED,), Kind.WORDS, "20010207"), []),
    # what is there at all
    (Present((ISBN, ISSN)), [1, 3, 4]),
    (Present(()), [1, 2, 3, 4, 5]),
    (Present((ANY,)), [1, 2, 3, 4, 5]),
    (AndNot(Present((TITLE,)), words(TITLE, "germinal")), [2, 3, 5]),
    # near
    (Near((TITLE,), "mine", "france", 2), [3, 5]),
    (Near((TITLE,), "france", "mine", 2), [3, 5]),
    (Near((TITLE,), "france", "mine", 2, ordered=True), []),
    (Near((TITLE,), "mine", "france", 1), []),
    (Near((TITLE,), "mine", "france", 2, Distance.LESS), []),
    (Near((TITLE,), "mine", "france", 1, Distance.MORE), [3, 5]),
    (Near((TITLE,), "mine", "france", 2, Distance.OTHER), []),
    (Near((TITLE,), "la mine", "histoire", 2, Distance.EXACTLY), [3]),
    (Near((TITLE,), "histoire", "france", None), [3, 5]),
    (Near((ANY,), "emile", "zola", 1), [1, 2, 4]),
    # and, or, and-not
    (And(words(TITLE, "germinal"), words(PLACE, "paris")), [1]),
    (Or(words(TITLE, "oeuvre"), words(PLACE, "lens")), [2, 3]),
    (AndNot(words(PERSON, "zola"), words(TITLE, "germinal")), [2]),
    (AndNot(words(ANY, "mine"), Or(words(TITLE, "histoire"), words(PERSON, "nobody"))), [2]),
    (words(TITLE, "nothing"), []),
]  # fmt: skip


def test_what_is_found(connection: Connection) -> None:
    hits = Hits()
    wrong = [
        (query, numbers, got) for query, numbers in FINDS if (got := found(connection, query, hits=hits)) != numbers
    ]
    assert wrong == []


def test_databases_restrict_and_join(connection: Connection) -> None:
    query = words(ANY, "mine")
    assert found(connection, query, [NETWORK]) == [2, 3]
    assert found(connection, query, [LENS_BASE]) == [5]
    assert found(connection, query, [NETWORK, LENS_BASE]) == [2, 3, 5]
    assert found(connection, query, [99]) == []


def test_earlier_results_are_operands(connection: Connection) -> None:
    sets = {"a": BitMap((1, 2, 5))}.get
    assert found(connection, ResultSet("a"), sets=sets) == [1, 2, 5]
    assert found(connection, And(ResultSet("a"), words(PERSON, "zola")), sets=sets) == [1, 2]
    assert found(connection, AndNot(ResultSet("a"), words(PERSON, "zola")), [LENS_BASE], sets=sets) == [5]


def deep(levels: int) -> Query:
    leaves: list[Query] = [words(TITLE, "mine")] * levels
    return functools.reduce(Or, leaves)


REFUSALS: list[tuple[Query, QueryReason, str]] = [
    (words(TITLE, " ... "), QueryReason.EMPTY_TERM, " ... "),
    (words(ISBN, "-"), QueryReason.EMPTY_TERM, "-"),
    (Term((TITLE,), Kind.HEADING, ""), QueryReason.EMPTY_TERM, ""),
    (Term((PLACE,), Kind.HEADING, "paris"), QueryReason.NO_HEADINGS, "place-of-publication"),
    (ResultSet("gone"), QueryReason.UNKNOWN_RESULT_SET, "gone"),
    (words(TITLE, "mot " * 100), QueryReason.TOO_COMPLEX, "100 words in a term"),
    (deep(1_000), QueryReason.TOO_COMPLEX, "more than 500 parts, or 200 levels"),
    (Between((TITLE,), "a", "b"), QueryReason.NO_RANGES, "title"),
    (Between((YEAR,), "88", None), QueryReason.BAD_DATE, "88"),
    (Term((ADDED,), Kind.WORDS, "199"), QueryReason.BAD_DATE, "199"),
    (Near((TITLE,), "mine", "!", 1), QueryReason.EMPTY_TERM, "!"),
    (Near((TITLE,), "mot " * 50, "mot " * 50, 1), QueryReason.TOO_COMPLEX, "100 words in a term"),
    (
        Masked((TITLE,), masks.hash_masks(" ".join(f"a{n}#" for n in range(9)))),
        QueryReason.TOO_MANY_MASKS,
        "8 masks",
    ),
]


def test_what_is_refused(connection: Connection) -> None:
    for query, reason, detail in REFUSALS:
        with pytest.raises(QueryError) as caught:
            found(connection, query)
        assert (caught.value.reason, caught.value.detail) == (reason, detail)


def test_a_truncated_term_of_too_many_terms_is_refused(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_ROWS", 2)
    with pytest.raises(QueryError) as caught:
        found(connection, Term((ANY,), Kind.PREFIX, "m"))
    assert (caught.value.reason, caught.value.detail) == (QueryReason.TOO_MANY_TERMS, "m")


def test_truncated_terms_share_what_may_be_read(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Term((TITLE,), Kind.PREFIX, "ger")
    monkeypatch.setattr(searching, "MAX_ROWS", 1)
    assert found(connection, one) == [1, 4]
    with pytest.raises(QueryError, match=r"ger|ter"):
        found(connection, Or(one, Term((TITLE,), Kind.PREFIX, "ter")))
    monkeypatch.setattr(searching, "MAX_RANGES", 1)
    with pytest.raises(QueryError) as caught:
        found(connection, Or(one, Term((TITLE,), Kind.PREFIX, "ter")))
    assert caught.value.reason is QueryReason.TOO_MANY_MASKS


def test_a_mask_of_too_many_terms_is_refused(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_MATCHES", 2)
    with pytest.raises(QueryError) as caught:
        found(connection, Masked((ANY,), masks.truncated("e", right=False)))
    assert caught.value.reason is QueryReason.TOO_MANY_TERMS


def test_terms_are_held_against_a_mask_in_pieces(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found(connection, Masked((ANY,), masks.truncated("ine", right=True)))
    for size in (1, 2, 3):
        monkeypatch.setattr(searching, "TERMS", size)
        monkeypatch.setattr(searching, "SLICE", size)
        assert found(connection, Masked((ANY,), masks.truncated("ine", right=True))) == whole == [1, 2, 3, 5]


def test_a_phrase_of_too_many_candidates_is_refused(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_VERIFIED", 0)
    with pytest.raises(QueryError) as caught:
        found(connection, Term((TITLE,), Kind.PHRASE, "de la mine"))
    assert caught.value.reason is QueryReason.TOO_MANY_CANDIDATES


# --- change -------------------------------------------------------------------------------------------------------------------


def test_a_replaced_record_is_found_by_what_it_says_now(connection: Connection) -> None:
    hits = Hits()
    assert found(connection, words(TITLE, "germinal"), hits=hits) == [1, 4]
    changed = new_record("1", "200 1  $aLa terre", "700  1 $aZola$bÉmile$4070")
    saved = records.save_records(connection, [changed], [NETWORK], NOW + 1)
    assert (saved.ids, saved.replaced, saved.added) == ([1], 1, 0)
    assert found(connection, words(TITLE, "germinal"), hits=hits) == [4]
    assert found(connection, words(TITLE, "terre"), hits=hits) == [1]
    assert found(connection, words(PERSON, "zola"), [NETWORK], hits=hits) == [1, 2, 4]
    assert found(connection, words(ISBN, "9782253004226"), hits=hits) == [4]


def test_a_deleted_record_is_found_no_more_and_its_number_is_never_used_again(connection: Connection) -> None:
    hits = Hits()
    assert found(connection, words(PERSON, "zola"), [NETWORK], hits=hits) == [1, 2, 4]
    assert records.delete_records(connection, [2, 77], NOW) == 1
    assert records.delete_records(connection, [2], NOW) == 0
    assert found(connection, words(PERSON, "zola"), [NETWORK], hits=hits) == [1, 4]
    saved = records.save_records(connection, [new_record("9", "200 1  $aNouveau")], [NETWORK], NOW)
    assert saved.ids == [6]
    again = records.save_records(connection, RECORDS[1:2], [NETWORK], NOW)
    assert again.ids == [2]
    assert found(connection, words(PERSON, "zola"), [NETWORK], hits=hits) == [1, 2, 4]


def test_what_is_remembered_is_not_read_again_while_the_version_stands(connection: Connection) -> None:
    hits = Hits()
    phrase = Term((TITLE,), Kind.PHRASE, "de la mine")
    assert found(connection, phrase, hits=hits) == [3]
    # Behind the store's back: only a cache can still know.
    connection.execute(update(posting).values(term=posting.c.term + "x"))
    assert found(connection, phrase, hits=hits) == [3]
    assert found(connection, phrase) == []
    records.save_records(connection, [new_record("8", "200 1  $aAutre")], [], NOW)
    assert found(connection, phrase, hits=hits) == []


def test_a_query_asked_again_is_answered_from_memory_for_the_same_databases_alone(connection: Connection) -> None:
    hits, query = Hits(), words(ANY, "mine")
    assert found(connection, query, [NETWORK], hits=hits) == [2, 3]
    connection.execute(update(posting).values(term=posting.c.term + "x"))
    hits_of_words = Hits()
    assert found(connection, query, [NETWORK], hits=hits) == [2, 3]
    assert found(connection, query, [NETWORK], hits=hits_of_words) == []
    assert found(connection, query, [LENS_BASE], hits=hits) == []
    assert found(connection, query, [NETWORK], hits=hits) == [2, 3]


def test_what_is_remembered_is_settled_from_a_check_to_the_next_commit_where_commits_are_told(
    connection: Connection,
) -> None:
    told: list[int | None] = [None, None]
    hits = Hits(commits=lambda: told[-1])
    settled = []
    for number in (None, 1, None, 1, 2):
        told.append(number)
        settled.append(hits.settled)
        found(connection, words(ANY, "mine"), hits=hits)
        settled.append(hits.settled)
    assert settled == [False, False, False, True, False, False, False, True, False, True]


def test_a_query_that_names_a_result_set_is_answered_for_each_who_asks(connection: Connection) -> None:
    hits, query = Hits(), And(words(ANY, "mine"), ResultSet("mine"))
    for numbers in ([2], [3, 5], []):
        assert found(connection, query, hits=hits, sets={"mine": BitMap(numbers)}.get) == numbers


def test_what_is_remembered_of_a_query_is_changed_by_no_later_one(connection: Connection) -> None:
    hits, query = Hits(), words(ANY, "mine")
    for databases in ([NETWORK], [NETWORK, LENS_BASE], [], [NETWORK], [NETWORK, LENS_BASE], []):
        assert found(connection, query, databases, hits=hits) == ([2, 3] if databases == [NETWORK] else [2, 3, 5])


def test_every_query_on_the_store_itself_many_at_once(counter: Counter) -> None:
    store = counter.store
    await_(store.work(declare_databases))
    await_(store.work(records.save_records, RECORDS[:4], [NETWORK], NOW))
    await_(store.work(records.save_records, RECORDS[4:], [LENS_BASE], NOW))
    hits = Hits()
    asked = [store.read(searching.search(hits, query, (), lambda _: None)) for query, _ in FINDS]
    answers: list[BitMap] = await_(gatherResults(asked))
    assert [list(answer) for answer in answers] == [numbers for _, numbers in FINDS]
    again = await_(store.read(searching.search(hits, words(TITLE, "germinal"), (NETWORK,), lambda _: None)))
    assert list(again) == [1, 4]
    four, missing, one = await_(store.read(records.fetch([4, 77, 1])))
    assert missing is None
    assert four is not None
    assert one is not None
    assert (four.id, four.form, four.iso2709) == (4, Format.MARC21, RECORDS[3].iso2709)
    assert one.fields()[0] == (b"001", b"1")
    await_(store.work(records.save_records, [new_record("1", "200 1  $aLa terre")], [], NOW))
    assert list(await_(store.read(searching.search(hits, words(TITLE, "germinal"), (), lambda _: None)))) == [4]


# --- the oracle: every record read, nothing indexed ---------------------------------------------------------------------------

POINTS = [ANY, TITLE, PERSON, BODY, SUBJECT, SERIES, PUBLISHER, RESPONSIBILITY]
TERMS = st.builds(
    Term,
    st.lists(st.sampled_from(POINTS), min_size=1, max_size=2, unique=True).map(tuple),
    st.sampled_from([Kind.WORDS, Kind.SOME, Kind.PHRASE, Kind.PREFIX, Kind.PHRASE_PREFIX]),
    TEXTS,
) | st.builds(
    Term,
    st.sampled_from([(TITLE,), (PERSON,), (SUBJECT, SERIES)]),
    st.sampled_from([Kind.HEADING, Kind.HEADING_WORDS, Kind.HEADING_PREFIX]),
    TEXTS,
)  # fmt: skip
SHORT = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=2).map(" ".join)
OTHERS = (
    st.builds(
        Near,
        st.sampled_from([(TITLE,), (PERSON,), (PUBLISHER,), (ANY,)]),
        SHORT,
        SHORT,
        st.none() | st.integers(1, 4),
        st.sampled_from(Distance),
        st.booleans(),
    )
    | st.builds(
        Masked,
        st.sampled_from([(TITLE,), (PERSON, SUBJECT), (ANY,)]),
        st.sampled_from(["m#e", "#is?", "?a", "h?2s?", "?e", "zol?1"]).map(masks.z3958_masks),
    )
    | st.builds(Present, st.sampled_from([(TITLE,), (PERSON, SUBJECT), ()]))
)
QUERIES = st.recursive(
    TERMS | OTHERS,
    lambda inner: st.builds(lambda node, a, b: node(a, b), st.sampled_from([And, Or, AndNot]), inner, inner),
    max_leaves=4,
)


def sequences(record: Record, form: Format, point: AccessPoint) -> list[tuple[str, ...]]:
    """The words of each place of an access point, by reading the table and the record; names also as they are said."""
    out = []
    for tag, codes, _, _ in places(point.places(form).words):
        for each in record.all(tag):
            out.append(tuple(w for code, value in each.subfields if code in codes for w in analyser.words(value)))
            if point is PERSON:
                name = each.get("a")
                surname, forename = (name, each.get("b")) if form is Format.UNIMARC else (name.partition(", ")[::2])
                if forename:
                    out.append(analyser.words(forename) + analyser.words(surname))
    return out


def holds(record: Record, form: Format, term: Term) -> bool:
    asked = analyser.words(term.text)
    points = list(term.access_points)
    if term.kind in {Kind.HEADING, Kind.HEADING_WORDS, Kind.HEADING_PREFIX}:
        return any(key_holds(record, form, point, term.kind, asked) for point in points)
    if term.kind in {Kind.PHRASE, Kind.PHRASE_PREFIX} and len(asked) > 1:
        if ANY in points or any(point.pairs for point in points):
            points = [point for point in (ALL if ANY in points else points) if point.pairs]
        *firsts, last = asked
        return any(
            list(sequence[at : at + len(firsts)]) == firsts
            and any(follows(word, last, term.kind) for word in sequence[at + len(firsts) :][:1])
            for point in points
            for sequence in sequences(record, form, point)
            for at in range(len(sequence))
        )
    present = all_words(record, form, term.access_points)
    if term.kind is Kind.SOME:
        return not present.isdisjoint(asked)
    if term.kind in {Kind.PREFIX, Kind.PHRASE_PREFIX}:
        *asked_words, last = asked
        return present.issuperset(asked_words) and any(word.startswith(last) for word in present)
    return present.issuperset(asked)


def follows(word: str, asked: str, kind: Kind) -> bool:
    return word == asked or (kind is Kind.PHRASE_PREFIX and word.startswith(asked))


def all_words(record: Record, form: Format, points: Sequence[AccessPoint]) -> set[str]:
    every = [point for point in ALL if point.anywhere] if ANY in points else points
    return {word for point in every for s in sequences(record, form, point) for word in s}


def near(record: Record, form: Format, query: Near) -> bool:
    points = [point for point in ALL if point.pairs] if ANY in query.access_points else list(query.access_points)
    left, right = analyser.words(query.left), analyser.words(query.right)
    judge = {
        Distance.LESS: operator.lt, Distance.AT_MOST: operator.le, Distance.EXACTLY: operator.eq,
        Distance.AT_LEAST: operator.ge, Distance.MORE: operator.gt, Distance.OTHER: operator.ne,
    }[query.distance]  # fmt: skip
    for sequence in (each for point in points for each in sequences(record, form, point)):
        one = [at for at in range(len(sequence)) if sequence[at : at + len(left)] == left]
        two = [at for at in range(len(sequence)) if sequence[at : at + len(right)] == right]
        for a in one:
            for b in two:
                gap = b - (a + len(left) - 1)
                if not query.ordered and gap <= 0:
                    gap = a - (b + len(right) - 1)
                if query.words is None or (gap > 0 and judge(gap, query.words)):
                    return True
    return False


def key_holds(record: Record, form: Format, point: AccessPoint, kind: Kind, asked: Sequence[str]) -> bool:
    wanted = analyser.heading(tuple(asked), title=point.titles)
    keys = []
    for tag, codes, _, _ in places(point.places(form).headings):
        for each in record.all(tag):
            text = " ".join(without_article(v) if point.titles else v for code, v in each.subfields if code in codes)
            keys.append(analyser.heading(analyser.words(text), title=point.titles))
    rotated = analyser.heading((asked[-1], *asked[:-1]), title=point.titles)
    return any(
        key == each or (kind is Kind.HEADING_PREFIX and key.startswith(each)) or key[: len(each) + 1] == f"{each} "
        for key in keys
        for each in ([wanted, rotated] if point.names else [wanted])
        if key and (kind is not Kind.HEADING or key == each)
    )


def judged(record: Record, form: Format, query: Query) -> bool:
    if isinstance(query, Term):
        return holds(record, form, query)
    if isinstance(query, Near):
        return near(record, form, query)
    if isinstance(query, Masked):
        present = all_words(record, form, query.access_points)
        return all(any(re.fullmatch(mask.expression, word) for word in present) for mask in query.masks)
    if isinstance(query, Present):
        return not query.access_points or bool(all_words(record, form, query.access_points))
    assert isinstance(query, (And, Or, AndNot))
    left, right = judged(record, form, query.left), judged(record, form, query.right)
    return left and right if isinstance(query, And) else left or right if isinstance(query, Or) else left and not right


@given(catalogues(), st.lists(QUERIES, min_size=1, max_size=6))
def test_search_finds_what_reading_every_record_finds(
    oracle_location: Location, catalogue: list[NewRecord], queries: list[Query]
) -> None:
    connection = oracle_location.engine().connect()
    with connection:
        ids = records.save_records(connection, catalogue, [NETWORK], NOW).ids
        parsed = {number: Record.from_iso2709(each.iso2709) for number, each in zip(ids, catalogue, strict=True)}
        forms = {number: each.form for number, each in zip(ids, catalogue, strict=True)}
        hits = Hits()
        for query in queries:
            expected = [number for number, record in parsed.items() if judged(record, forms[number], query)]
            assert found(connection, query, hits=hits) == expected
        connection.rollback()
