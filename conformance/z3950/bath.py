"""The searches of the Bath profile 2.0, one check for each, and the statement of conformance that is made of what they find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, NamedTuple

from conformance.checks import Checks, want
from conformance.results import Failed, NotApplicable, Outcome, Result
from conformance.z3950 import client, marc
from conformance.z3950.bench import MAY, SHOULD, Bench, want_refused
from conformance.z3950.client import Association, diagnostic, entries, records
from conformance.z3950.corpus import ANY, AUTHOR, DATE, SUBJECT, TITLE, Corpus, spread
from conformance.z3950.marc import UNIMARC, Marc
from conformance.z3950.queries import quoted

check = Checks[Bench]()

_PROFILE: Final = "Bath profile 2.0"
_KEY_TITLE: Final = 33
_SAMPLES: Final = 4
_LOOKED_AT: Final = 200

Term = Callable[[Corpus, Marc, int], str]


class Search(NamedTuple):
    """A search of the profile: area and level, number, what it is, its six attributes, and the term that a record gives."""

    level: str
    number: str
    text: str
    use: int
    values: str
    term: Term

    @property
    def name(self) -> str:
        """The name of its check."""
        return f"Bath {self.number}"

    @property
    def query(self) -> str:
        """The attributes in prefix notation."""
        kinds = zip(range(2, 7), self.values.split("/"), strict=True)
        return f"@attr 1={self.use} " + " ".join(f"@attr {kind}={value}" for kind, value in kinds)


def _heading(corpus: Corpus, record: Marc, use: int) -> str:
    """Return a heading as a reader types it."""
    if use == _KEY_TITLE:
        return record.value("530", "a") if record.form == UNIMARC else record.value("222", "a")
    if use == ANY:
        use = TITLE
    heading = corpus.heading(record, use)
    forename = record.value("700", "b") if use == AUTHOR and record.form == UNIMARC else ""
    return (f"{heading}, {forename}" if forename else heading).strip(" /:;.,")


def _word(corpus: Corpus, record: Marc, use: int) -> str:
    return max(marc.safe_words(_heading(corpus, record, use)), key=len, default="")


def _stem(corpus: Corpus, record: Marc, use: int) -> str:
    return _word(corpus, record, use)[:-1]


_MORE: Final = {TITLE: "bcdehinp", SUBJECT: "bcjtuvxyz"}
_TAGS: Final = {TITLE: ("200", "245"), SUBJECT: ("606", "650")}


def _whole(corpus: Corpus, record: Marc, use: int) -> str:
    """Return a heading of which there is no more than this; nothing when other subfields belong to it."""
    tag = _TAGS.get(use, ("", ""))[record.form != UNIMARC]
    parts = next((parts for name, _, parts in record.fields if name == tag), ())
    return "" if any(code in _MORE[use] for code, _ in parts) else _heading(corpus, record, use)


def _first_words(corpus: Corpus, record: Marc, use: int) -> str:
    return " ".join(_heading(corpus, record, use).split()[:2]).rstrip(",")


def _first_characters(corpus: Corpus, record: Marc, use: int) -> str:
    text = _heading(corpus, record, use)
    return text[:6].rstrip() if len(text) > len("123456") else ""


def _isbn(corpus: Corpus, record: Marc, _use: int) -> str:
    return next((number for _, number, found in corpus.isbns if found is record), "")


def _year(corpus: Corpus, record: Marc, _use: int) -> str:
    at = corpus.records.index(record)
    return next((year for year, places in corpus.dates.items() if at in places), "")


def _years(corpus: Corpus, record: Marc, use: int) -> str:
    year = _year(corpus, record, use)
    return f"{int(year) - 1} {int(year) + 1}" if year else ""


def _language(_corpus: Corpus, record: Marc, _use: int) -> str:
    return record.value("101", "a") if record.form == UNIMARC else record.value("008")[35:38].strip()


def _institution(_corpus: Corpus, record: Marc, _use: int) -> str:
    return record.value("995", "b") or record.value("930", "b") or record.value("852", "a")


def _five(level: str, first: int, use: int, what: str, words: bool = True) -> tuple[Search, ...]:
    made = [
        (f"{what} keyword, cut on the right", "3/3/2/1/1", _stem),
        (f"{what} exactly", "3/1/1/100/3", _whole),
        (f"first words of {what}", "3/1/1/100/1", _first_words),
        (f"first characters of {what}", "3/1/1/1/1", _first_characters),
    ]
    kept = made if words else made[:1]
    return tuple(
        Search(level, f"{level}.{first + at}", text, use, values, term) for at, (text, values, term) in enumerate(kept)
    )


_KEYWORD: Final = "3/3/2/100/1"
_PHRASE: Final = "3/3/1/100/1"
SEARCHES: Final = (
    Search("A.0", "A.0.1", "author keyword", AUTHOR, _KEYWORD, _word),
    Search("A.0", "A.0.2", "title keyword", TITLE, _KEYWORD, _word),
    Search("A.0", "A.0.3", "subject keyword", SUBJECT, _KEYWORD, _word),
    Search("A.0", "A.0.4", "any keyword", ANY, _KEYWORD, _word),
    *_five("A.1", 1, AUTHOR, "author"),
    *_five("A.1", 5, TITLE, "title"),
    *_five("A.1", 9, SUBJECT, "subject"),
    *_five("A.1", 13, ANY, "any", words=False),
    Search("A.1", "A.1.14", "standard identifier", 1007, "3/1/1/100/1", _isbn),
    Search("A.1", "A.1.15", "date of publication", DATE, "3/1/4/100/1", _year),
    Search("A.2", "A.2 key title", "key title keyword", _KEY_TITLE, _KEYWORD, _word),
    *_five("A.2", 1, _KEY_TITLE, "key title"),
    Search("A.2", "A.2 language", "language", 54, "3/1/2/100/1", _language),
    Search("A.2", "A.2 institution", "possessing institution", 1044, "3/1/1/100/1", _institution),
    Search("A.2", "A.2 date range", "date range", DATE, "104/1/4/100/1", _years),
    Search("A.1 (release 1)", "A.0 heading", "author, established heading", AUTHOR, "3/3/101/100/1", _heading),
    Search("C.1", "C.1 title", "title, unanchored phrase", TITLE, _PHRASE, _first_words),
    Search("C.1", "C.1 subject", "subject, unanchored phrase", SUBJECT, _PHRASE, _heading),
    Search("C.1", "C.1 any", "any, unanchored phrase", ANY, _PHRASE, _first_words),
)


def _holds(association: Association, corpus: Corpus, query: str, record: Marc) -> bool:
    """Tell whether a search finds a record. Raises Failed when the search is refused."""
    count = association.count(query)
    alone = f"@and {query} @attr 1=12 {quoted(record.number)}"
    if count > _LOOKED_AT and association.refused(alone) is None:
        return association.count(alone) > 0
    found = association.records(1, min(count, _LOOKED_AT), corpus.syntax)
    return any(marc.read(each.octets, corpus.form).number == record.number for each in found if each.octets)


def _declare(search: Search) -> None:
    @check(
        search.name,
        SHOULD,
        f"{search.text}: {search.use}/{search.values} finds the record",
        f"{_PROFILE}, level {search.level}",
    )
    def _look(bench: Bench) -> None:
        corpus, association = bench.corpus(), bench.association()
        records_in_turn = dict.fromkeys([*spread(corpus.records, _SAMPLES), *corpus.records])
        made = ((record, search.term(corpus, record, search.use)) for record in records_in_turn)
        tried = [*islice(((record, term) for record, term in made if term and record.number), _SAMPLES)]
        if not tried:
            _supported(association, search)
            raise NotApplicable("it is answered, and no record has such a term to find it by")
        for record, term in tried:
            query = f"{search.query} {quoted(term)}"
            want(_holds(association, corpus, query, record), f"{query} does not find {record.number}")


def _supported(association: Association, search: Search) -> None:
    found = association.refused(f"{search.query} kit")
    if found is not None:
        raise Failed(f"{search.query} is refused with {found}")


for _search in SEARCHES:
    _declare(_search)


SCANS: Final = {"A.1.SCAN.1": AUTHOR, "A.1.SCAN.2": TITLE, "A.1.SCAN.3": SUBJECT}


def _declare_scan(number: str, use: int) -> None:
    @check(
        f"Bath {number}", SHOULD, f"SCAN by {use}: whole headings, position 0 and 1, step 0", f"{_PROFILE}, level A.1"
    )
    def _look(bench: Bench) -> None:
        corpus, association = bench.corpus(), bench.granted("scan")
        heading = next(filter(None, (_heading(corpus, each, use) for each in corpus.records)), "")
        query = f"@attr 1={use} @attr 3=1 @attr 4=1 {quoted(heading)}"
        for position in (1, 0):
            answer = association.scan(query, 5, position, 0)
            want(answer["scanStatus"] != 6, f"position {position} is refused with {diagnostic(answer)}")
            want(entries(answer) or position == 0, "there are no entries")


for _number, _use in SCANS.items():
    _declare_scan(_number, _use)


def _declare_holdings(elements: str) -> None:
    @check(
        f"Bath B.1 {elements}",
        MAY,
        f"holdings are sent in XML under the element set {elements}",
        f"{_PROFILE}, level B.1",
    )
    def _look(bench: Bench) -> None:
        association = bench.association()
        association.count(bench.corpus().query or "@attr 1=1016 a")
        answer = association.present(1, 1, client.XML, elements)
        found = diagnostic(answer) or next((each.diagnostic for each in records(answer)), None)
        if found is not None:
            want_refused(found, 25, 24, 239, 238, 13, what=elements)
            raise NotApplicable(f"it is refused with {found}")


for _elements in ("B-1", "B-2", "C-2"):
    _declare_holdings(_elements)


# --- the statement ------------------------------------------------------------------------------------------------------

_OBJECTS: Final = {
    "A.0": {
        "version 2 of the protocol": "init version 2",
        "and, or, and-not": "boolean algebra",
        "named result sets": "named sets",
        "all six attributes are looked at": "every value",
        "what is not supported is refused": "refuses use",
        "MARC21": "MARC21 whole",
        "UNIMARC": "UNIMARC whole",
    },
    "A.1": {
        "version 3 of the protocol": "init version 3",
        "character set and language negotiation": "init characters",
        "Scan": "scan",
        **{f"SCAN by {use}": f"Bath {number}" for number, use in SCANS.items()},
    },
    "A.2": {},
    "B.1": {f"element set {each}": f"Bath B.1 {each}" for each in ("B-1", "B-2", "C-2")},
    "C.0": {
        **{each.text: each.name for each in SEARCHES if each.level == "A.0"},
        "records in SUTRS": "SUTRS",
        "records in XML, Dublin Core": "XML schema by name",
    },
    "C.1": {},
}
"""Level -> what is asked there beside the searches, and the check that shows it."""


def _said(results: Sequence[Result], name: str) -> tuple[str, bool]:
    found = next((each for each in results if each.name == name), None)
    if found is None:
        return "not looked at", False
    if found.outcome is Outcome.PASSED:
        return "yes", True
    return f"{'no' if found.outcome is Outcome.FAILED else 'not shown'}: {found.detail.partition(' [')[0]}", False


def statement(title: str, results: Sequence[Result]) -> str:
    """Return the statement of conformance: what each level asks, what was found of it, and whether all of it was."""
    lines = [
        f"# Bath profile 2.0: {title}",
        "",
        "What a run of `python -m conformance z3950` found; a level is met where all of it was seen to work.",
    ]
    for level, objects in _OBJECTS.items():
        rows = [(text, "", name) for text, name in objects.items()]
        rows += [(each.text, f"{each.use}/{each.values}", each.name) for each in SEARCHES if each.level == level]
        said = [(text, attributes, *_said(results, name)) for text, attributes, name in rows]
        met = sum(yes for *_, yes in said)
        lines += ["", f"## Level {level}: {'met' if met == len(said) else f'{met} of {len(said)}'}", ""]
        lines += ["| what is asked | attributes | found |", "|---|---|---|"]
        lines += [f"| {text} | {attributes} | {found} |".replace("|  |", "| |") for text, attributes, found, _ in said]
    return "\n".join([*lines, ""])
