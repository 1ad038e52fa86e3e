"""What can be asked for, and where it is found in a record: one table, for the index, for queries and for the Use attributes.

An access point of words has a posting for each word. Pairs of adjacent words ("w1 w2"), which find phrases, are under its code
plus `PAIRS`; whole headings, so that they can be walked in order, under its code plus `HEADINGS`. Identifiers and years have
one posting for each normal form.

Places are written `tag$codes`; `700-702$ab` is three tags, `4--$t` all tags that begin with 4. `100$a/9-12` are characters of
a coded field, `000` is the leader. After a question mark stands what else a field must have: `710?i1=1$a` a first indicator 1,
`606?2=rameau,ram$a` one of two texts in $2, `710?i1!=1$a` another indicator. The subfields of one field that a place names are
one sequence of words: pairs do not cross fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from protocols.marc.format import Format
from storage.catalogue import analyser
from storage.catalogue.spelling import sort_key

HEADINGS: Final = 100
"""Added to the code of an access point for its whole headings."""
PAIRS: Final = 200
"""Added to the code of an access point for its pairs of adjacent words."""
PRESENT: Final = 400
"""The access point of the access points that a record has terms in; its terms are their codes."""
SORTS: Final = 300
"""Added to the code of a sort point for the one key that a record has there."""
DATABASES: Final = 0
"""The access point of the databases that a record belongs to; its terms are their ids."""


class PointKind(StrEnum):
    """What the terms of an access point are."""

    WORDS = "words"
    IDENTIFIER = "identifier"
    YEAR = "year"
    DAY = "day"
    ITEM = "items"
    """What is on the items of a record: no term of the index (see `held`)."""


class Places(NamedTuple):
    """Where an access point is found in one format."""

    words: str
    headings: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AccessPoint:
    """One row of the table; `code` is what its postings say.

    With `pairs`, phrases are found fast; `names` are asked for in both orders; the leading articles of `titles` do not
    count in headings; `normal` finds the identifiers in a text. With `anywhere`, its terms are found under ANY too. The
    fields of a `coded` one are codes: each is one word, so its first word and its whole are that word.
    """

    code: int
    name: str
    unimarc: Places
    marc21: Places
    kind: PointKind = PointKind.WORDS
    pairs: bool = True
    names: bool = False
    titles: bool = False
    normal: Callable[[str], list[str]] | None = None
    anywhere: bool = True
    coded: bool = False

    @property
    def has_headings(self) -> bool:
        """Whether complete fields can be asked for."""
        return bool(self.unimarc.headings)

    @property
    def always(self) -> bool:
        """Whether every record has something there: what the leader tells."""
        return self.unimarc.words.startswith("000$")

    def places(self, form: Format) -> Places:
        """Return where the access point is found in a record of `form`."""
        return self.unimarc if form is Format.UNIMARC else self.marc21

    def __repr__(self) -> str:
        return f"<AccessPoint {self.name}>"


_NUMBER: Final = PointKind.IDENTIFIER

ANY: Final = AccessPoint(
    1,
    "any",
    Places("200$b 205$ab 300-345$ab 620$abcd 675$a 676$a 686$a"),
    Places("245$h 250$ab 500-588$a 050$a 080$a 082$a 084$a 752$abcd"),
    pairs=False,
)
"""Holds besides its own places all words and numbers of the others. A phrase is looked for where there are pairs."""

TITLE: Final = AccessPoint(
    2,
    "title",
    Places(
        "200$acdehi 500-518$aehi 520$aehi 530-545$aehi 411-488$t 600-605$t",
        "200$a 200$aehi 500-518$aehi 520$aehi 530-545$aehi 411-488$t",
    ),
    Places(
        "245$abnp 130$anp 210$a 222$a 240$anp 242$abnp 246$abnp 247$abnp 730$anp 740$anp 765-787$t 700-711$t 600-611$t",
        "245$a 245$abnp 130$anp 222$a 240$anp 242$abnp 246$abnp 247$abnp 730$anp 740$anp 765-787$t",
    ),
    titles=True,
)
PERSON: Final = AccessPoint(
    3,
    "personal-name",
    Places("700-702$abcd", "700-702$ab 700-702$abcdf"),
    Places("100$abcq 700$abcq", "100$a 100$abcd 700$a 700$abcd"),
    names=True,
)
BODY: Final = AccessPoint(
    4,
    "corporate-name",
    Places(
        "710-712?i1!=1$abcdef 716$a 720-722$af 730$a",
        "710-712?i1!=1$ab 710-712?i1!=1$abcdef 720-722$a",
    ),
    Places("110$abcdn 710$abcdn 720$a", "110$ab 110$abcdn 710$ab 710$abcdn"),
)
RESPONSIBILITY: Final = AccessPoint(5, "responsibility", Places("200$fg"), Places("245$c"), pairs=False)
SUBJECT: Final = AccessPoint(
    6,
    "subject",
    Places(
        "600$abcdftxyzj 601$abcdeftxyzj 602$aftxyzj 604$at 605$ahixyzj 606-608$axyzj 610$a",
        "600$abcdftxyzj 601$abcdeftxyzj 602$aftxyzj 605$ahixyzj 606-608$axyzj 606-608$a 610$a",
    ),
    Places(
        "600$abcdtvxyz 610$abcdtvxyz 611$acdetvxyz 630$anpvxyz 648$avxyz 650$avxyz 651$avxyz 653$a 655$avxyz",
        "600$abcdtvxyz 610$abcdtvxyz 611$acdetvxyz 630$anpvxyz 650$avxyz 650$a 651$avxyz 651$a 653$a 655$avxyz 655$a",
    ),
)
SERIES: Final = AccessPoint(
    7,
    "series",
    Places("225$aehi 410$t", "225$aehi 410$t"),
    Places("440$anp 490$a 800$t 810$t 811$t 830$anp", "440$anp 490$a 830$anp"),
    titles=True,
)
PUBLISHER: Final = AccessPoint(8, "publisher", Places("210$cg 214$c"), Places("260$bf 264$b"), pairs=False)
PLACE: Final = AccessPoint(9, "place-of-publication", Places("210$ae 214$a"), Places("260$ae 264$a"), pairs=False)
YEAR: Final = AccessPoint(
    10,
    "date-of-publication",
    Places("210$d 214$d 100$a/9-12"),
    Places("260$c 264$c 008$/7-10"),
    PointKind.YEAR,
    normal=analyser.years,
)
ISBN: Final = AccessPoint(
    11, "isbn", Places("010$az 073$a 4--$y"), Places("020$az 024$a 76-$z 77-$z 78-$z"), _NUMBER, normal=analyser.isbns
)
ISSN: Final = AccessPoint(
    12,
    "issn",
    Places("011$afyz 073$a 4--$x 225$x"),
    Places("022$alyz 024$a 440$x 490$x 76-$x 77-$x 78-$x 830$x"),
    _NUMBER,
    normal=analyser.issns,
)
LOCAL_NUMBER: Final = AccessPoint(
    13, "local-number", Places("001$"), Places("001$"), _NUMBER, normal=analyser.number, anywhere=False
)
OTHER_NUMBER: Final = AccessPoint(
    14,
    "other-number",
    Places("003$ 017$a 033$a 035$az"),
    Places("010$a 035$az"),
    _NUMBER,
    normal=analyser.number,
    anywhere=False,
)


# --- what special Use attributes ask for; their words are under the general access points too -----------------------------------


def _special(
    code: int, name: str, unimarc: str, marc21: str, *, pairs: bool = False, titles: bool = False
) -> AccessPoint:
    """Return an access point whose places are headings as well."""
    places = (Places(unimarc, unimarc), Places(marc21, marc21))
    return AccessPoint(code, name, *places, pairs=pairs, titles=titles, anywhere=False)


def _words(code: int, name: str, unimarc: str, marc21: str) -> AccessPoint:
    return AccessPoint(code, name, Places(unimarc), Places(marc21), pairs=False, anywhere=False)


def _codes(code: int, name: str, unimarc: str, marc21: str) -> AccessPoint:
    return AccessPoint(code, name, Places(unimarc), Places(marc21), pairs=False, anywhere=False, coded=True)


def _list(code: int, name: str, unimarc: str, marc21: str) -> AccessPoint:
    """Return the subjects of one list of headings, which the fields name."""

    def where(words: str, condition: str) -> str:
        return " ".join(
            f"{tags}?{condition}${codes}" for tags, _, codes in (place.partition("$") for place in words.split())
        )

    return _words(code, name, where(SUBJECT.unimarc.words, unimarc), where(SUBJECT.marc21.words, marc21))


def _number(
    code: int, name: str, unimarc: str, marc21: str, normal: Callable[[str], list[str]] = analyser.number
) -> AccessPoint:
    return AccessPoint(code, name, Places(unimarc), Places(marc21), _NUMBER, normal=normal, anywhere=False)


def _date(code: int, name: str, kind: PointKind, unimarc: str, marc21: str) -> AccessPoint:
    normal = analyser.years if kind is PointKind.YEAR else analyser.days
    return AccessPoint(code, name, Places(unimarc), Places(marc21), kind, normal=normal, anywhere=False)


MEETING: Final = _special(15, "meeting-name", "710-712?i1=1$abcdef", "111$acden 711$acden", pairs=True)
UNIFORM_TITLE: Final = _special(16, "uniform-title", "500$ahi", "130$anp 240$anp 730$anp", titles=True)
KEY_TITLE: Final = _special(17, "key-title", "530$ab", "222$ab", titles=True)
_TITLES: Final = {
    34: _special(18, "collective-title", "501$a", "243$a", titles=True),
    35: _special(19, "parallel-title", "510$aehi", "246?i2=1$abnp", titles=True),
    36: _special(20, "cover-title", "512$aehi", "246?i2=4$abnp", titles=True),
    37: _special(21, "added-title-page-title", "513$aehi", "246?i2=5$abnp", titles=True),
    38: _special(22, "caption-title", "514$aehi", "246?i2=6$abnp", titles=True),
    39: _special(23, "running-title", "515$aehi", "246?i2=7$abnp", titles=True),
    40: _special(24, "spine-title", "516$aehi", "246?i2=8$abnp", titles=True),
    41: _special(25, "variant-title", "517-518$aehi", "246?i2=3$abnp", titles=True),
    42: _special(26, "former-title", "520$aehi", "247$abnp", titles=True),
    43: _special(27, "abbreviated-title", "531$ab", "210$ab", titles=True),
    44: _special(28, "expanded-title", "532$a", "246?i2=0$abnp", titles=True),
    1082: _special(29, "translated-title", "541$aehi", "242$abnp", titles=True),
}
SUBJECT_PERSON: Final = _special(30, "subject-personal-name", "600$abcdf", "600$abcdq", pairs=True)
SUBJECT_BODY: Final = _special(31, "subject-corporate-name", "601?i1!=1$abcdef", "610$abcdn", pairs=True)
SUBJECT_MEETING: Final = _special(32, "subject-meeting-name", "601?i1=1$abcdef", "611$acden", pairs=True)
SUBJECT_TITLE: Final = _special(33, "subject-title", "604-605$ahit", "600-611$t 630$anp", titles=True)
TOPIC: Final = _words(34, "subject-topical", "606$axyzj", "650$avxyz")
PLACE_NAME: Final = _special(35, "geographic-name", "607$axyzj", "651$avxyz")
GENRE: Final = _special(36, "genre-form", "608$axyzj", "655$avxyz")
FREE_SUBJECT: Final = _special(38, "subject-uncontrolled", "610$a", "653$a")
RAMEAU: Final = _list(40, "subject-rameau", "2=rameau", "2=ram,rameau")
LCSH: Final = _list(41, "subject-lc", "2=lc,lcsh", "i2=0")
ABSTRACT: Final = _words(43, "abstract", "330$a", "520$ab")
NOTE: Final = _words(44, "note", "300-328$ab 332-345$ab", "500-518$ab 521-588$a")
DISSERTATION: Final = _words(45, "dissertation-note", "328$abcde", "502$abcdgo")
LANGUAGE: Final = _codes(46, "language", "101$a", "008$/35-37 041$a")
ORIGINAL_LANGUAGE: Final = _codes(47, "language-of-original", "101$c", "041$h")
ABSTRACT_LANGUAGE: Final = _codes(48, "language-of-abstract", "101$d", "041$b")
COUNTRY: Final = _codes(49, "country", "102$a", "008$/15-17 044$a")
AREA: Final = _codes(50, "geographic-code", "660$a", "043$a")
LEVEL: Final = _codes(51, "bibliographic-level", "000$/7-7", "000$/7-7")
RECORD_STATUS: Final = _codes(53, "record-status", "000$/5-5", "000$/5-5")
MATERIAL: Final = _words(54, "material-type", "000$/6-6 000$/6-7 200$b", "000$/6-6 000$/6-7 245$h")
SOURCE: Final = _words(55, "record-source", "801$bg", "040$acd")
EDITION: Final = _words(56, "edition", "205$a", "250$a")
VOLUME: Final = _words(57, "volume", "200$h 225$v 410$v", "245$n 490$v 830$v")
HOST: Final = _words(58, "host-item", "461-464$t", "773$t")
RELATION: Final = _words(59, "related-title", "411-488$t", "765-787$t")
SCALE: Final = _words(64, "map-scale", "206$b", "255$a")
RIGHTS: Final = _words(65, "rights", "310$a 371$ac", "506$a 540$a")
LCCN: Final = _number(66, "lc-card-number", "", "010$a")
NATIONAL_NUMBER: Final = _number(67, "national-bibliography-number", "020$b", "015$a")
LEGAL_DEPOSIT: Final = _number(68, "legal-deposit-number", "021$b", "017$a")
GOVERNMENT_NUMBER: Final = _number(69, "government-publication-number", "022$b", "086$a 074$a")
MUSIC_NUMBER: Final = _number(70, "music-publisher-number", "071$a", "028$a")
DEWEY: Final = _number(71, "dewey", "676$a", "082$a")
UDC: Final = _number(72, "udc", "675$a", "080$a")
LC_CALL_NUMBER: Final = _number(73, "lc-call-number", "680$a", "050$a")
NLM_CALL_NUMBER: Final = _number(74, "nlm-call-number", "686?2=nlm,usnlm$a", "060$a")
LOCAL_CLASS: Final = _number(75, "local-classification", "686$a", "084$a 090$a")
CODEN: Final = _number(76, "coden", "040$a", "030$a")
REPORT_NUMBER: Final = _number(77, "report-number", "015$a", "027$a 088$a")
ISRC: Final = _number(78, "isrc", "016$a", "024?i1=0$a")
ISMN: Final = _number(79, "ismn", "013$a", "024?i1=2$a")
EAN: Final = _number(80, "ean", "073$a", "024?i1=3$a")
SICI: Final = _number(81, "sici", "014$a", "024?i1=4$a")
DOI: Final = _number(82, "doi", "017?2=doi$a", "024?2=doi$a")
OCLC_NUMBER: Final = _number(83, "oclc-number", "035$a", "035$a", analyser.oclc)
LINK: Final = _number(84, "record-linking", "4--$0", "76-$w 77-$w 78-$w")
ADDED: Final = _date(86, "date-added", PointKind.DAY, "100$a/0-7", "008$/0-5")
MODIFIED: Final = _date(87, "date-modified", PointKind.DAY, "005$/0-7", "005$/0-7")


# --- what items tell --------------------------------------------------------------------------------------------------------------


def _of_items(code: int, name: str) -> AccessPoint:
    return AccessPoint(code, name, Places(""), Places(""), PointKind.ITEM, pairs=False, anywhere=False)


BARCODE: Final = _of_items(88, "barcode")
CALL_NUMBER: Final = _of_items(89, "local-call-number")
INSTITUTION: Final = _of_items(90, "possessing-institution")

ALL: Final = tuple(
    point
    for value in list(globals().values())
    for point in (value.values() if isinstance(value, dict) else (value,))
    if isinstance(point, AccessPoint)
)

_NAMES: Final = (PERSON, BODY, MEETING)
_SUBJECT_NAMES: Final = (SUBJECT_PERSON, SUBJECT_BODY, SUBJECT_MEETING)
_AUTHOR: Final = (*_NAMES, RESPONSIBILITY)
_STANDARD: Final = (ISBN, ISSN, ISMN, ISRC, REPORT_NUMBER, SICI, DOI, EAN, MUSIC_NUMBER, NATIONAL_NUMBER)

by_use: Final[dict[int, tuple[AccessPoint, ...]]] = {
    1: (PERSON, SUBJECT_PERSON),
    2: (BODY, SUBJECT_BODY),
    3: (MEETING, SUBJECT_MEETING),
    4: (TITLE,),
    5: (SERIES,),
    6: (UNIFORM_TITLE,),
    7: (ISBN,),
    8: (ISSN,),
    9: (LCCN,),
    12: (LOCAL_NUMBER,),
    13: (DEWEY,),
    14: (UDC,),
    16: (LC_CALL_NUMBER,),
    17: (NLM_CALL_NUMBER,),
    20: (LOCAL_CLASS, CALL_NUMBER),
    21: (SUBJECT,),
    22: (RAMEAU,),
    27: (LCSH,),
    29: (FREE_SUBJECT,),
    30: (YEAR,),
    31: (YEAR,),
    33: (KEY_TITLE,),
    **{use: (point,) for use, point in _TITLES.items()},
    48: (NATIONAL_NUMBER,),
    49: (LEGAL_DEPOSIT,),
    50: (GOVERNMENT_NUMBER,),
    51: (MUSIC_NUMBER,),
    53: (CALL_NUMBER,),
    54: (LANGUAGE,),
    55: (AREA,),
    56: (SOURCE,),
    57: (*_AUTHOR, TITLE),
    58: (PLACE_NAME,),
    59: (PLACE,),
    60: (CODEN,),
    62: (ABSTRACT,),
    63: (NOTE,),
    1000: (*_AUTHOR, TITLE),
    1001: (MATERIAL,),
    1002: (*_NAMES, *_SUBJECT_NAMES),
    1003: _AUTHOR,
    1004: (PERSON,),
    1005: (BODY,),
    1006: (MEETING,),
    1007: _STANDARD,
    1009: (SUBJECT_PERSON,),
    1011: (ADDED,),
    1012: (MODIFIED,),
    1016: (ANY,),
    1017: (ANY,),
    1018: (PUBLISHER,),
    1019: (SOURCE,),
    1021: (LEVEL,),
    1024: (SCALE,),
    1027: (REPORT_NUMBER,),
    1031: (MATERIAL,),
    1032: (LOCAL_NUMBER, OTHER_NUMBER),
    1033: (HOST,),
    1035: (ANY,),
    1036: (*_AUTHOR, TITLE, SUBJECT),
    1037: (SICI,),
    1038: (ABSTRACT_LANGUAGE,),
    1040: (DEWEY, UDC, LC_CALL_NUMBER, LOCAL_CLASS),
    1044: (INSTITUTION,),
    1045: (LINK,),
    1046: (RECORD_STATUS,),
    1053: (COUNTRY,),
    1056: (DISSERTATION,),
    1063: (CALL_NUMBER,),
    1066: (VOLUME,),
    1073: (SUBJECT_MEETING,),
    1074: (SUBJECT_BODY,),
    1075: (GENRE,),
    1076: (PLACE_NAME,),
    1078: (SUBJECT_TITLE,),
    1079: (TOPIC,),
    1080: (FREE_SUBJECT,),
    1091: (ISRC,),
    1092: (ISMN,),
    1093: (REPORT_NUMBER,),
    1094: (DOI,),
    1095: (ORIGINAL_LANGUAGE,),
    1097: (TITLE,),
    1098: _AUTHOR,
    1099: (SUBJECT,),
    1100: (ABSTRACT, NOTE),
    1101: (PUBLISHER,),
    1102: (YEAR,),
    1103: (MATERIAL,),
    1104: (*_STANDARD, LOCAL_NUMBER, OTHER_NUMBER),
    1105: (LANGUAGE,),
    1106: _NAMES,
    1107: (MATERIAL,),
    1108: (HOST,),
    1109: (RELATION,),
    1110: (PLACE_NAME,),
    1111: (RIGHTS,),
    1211: (OCLC_NUMBER,),
    1214: (EAN,),
    1223: (EDITION,),
    8023: (BARCODE,),  # as Koha numbers it
}
"""Bib-1 Use attribute to the access points that serve it together."""


@dataclass(frozen=True, slots=True, eq=False)
class SortPoint:
    """What records are put in order by; `code` is what its postings say.

    A record has one key at most: that of the first field which one of the places names and which holds one. Keys of words
    tell how they are written too (`spelling`).
    """

    code: int
    name: str
    unimarc: str
    marc21: str
    kind: PointKind = PointKind.WORDS
    titles: bool = False

    def key(self, text: str) -> str:
        """Return a text as the key that it would be in a record, with its spelling."""
        if self.kind is PointKind.WORDS:
            return sort_key(analyser.words(text), text, title=self.titles)
        return "".join(analyser.number(text))

    def places(self, form: Format) -> str:
        """Return where the key is found in a record of `form`."""
        return self.unimarc if form is Format.UNIMARC else self.marc21

    def __repr__(self) -> str:
        return f"<SortPoint {self.name}>"


BY_TITLE: Final = SortPoint(SORTS + 1, "title", "200$aehi", "245$abnp", titles=True)
BY_AUTHOR: Final = SortPoint(
    SORTS + 2, "author", "700-702$abcdf 710-712$ab 720-722$af", "100$abcd 110$ab 111$ac 700$abcd 710$ab"
)
BY_DATE: Final = SortPoint(SORTS + 3, "date-of-publication", YEAR.unimarc.words, YEAR.marc21.words, PointKind.YEAR)
BY_PUBLISHER: Final = SortPoint(SORTS + 4, "publisher", "210$c 214$c", "260$b 264$b")
BY_NUMBER: Final = SortPoint(LOCAL_NUMBER.code, "local-number", "001$", "001$", PointKind.IDENTIFIER)
"""A record has one local number anyway."""

SORT_POINTS: Final = (BY_TITLE, BY_AUTHOR, BY_DATE, BY_PUBLISHER, BY_NUMBER)

sort_by_use: Final[dict[int, SortPoint]] = {
    4: BY_TITLE,
    12: BY_NUMBER,
    30: BY_DATE,
    31: BY_DATE,
    1003: BY_AUTHOR,
    1018: BY_PUBLISHER,
}
"""Bib-1 Use attribute to what it sorts by."""


class Place(NamedTuple):
    """One tag of a list of places: the subfields, the characters of them that count, what else the field must have."""

    tag: str
    codes: str
    cut: slice | None = None
    condition: Condition | None = None


class Condition(NamedTuple):
    """What a field must have, or must not, to be looked at: an indicator ("i1", "i2") or a subfield of one of the values."""

    what: str
    values: frozenset[str]
    wanted: bool

    def holds(self, indicators: str, parts: Sequence[tuple[str, str]]) -> bool:
        """Tell whether a field of these indicators and subfields is looked at."""
        if self.what in {"i1", "i2"}:
            at = int(self.what[1]) - 1
            return (indicators[at : at + 1] in self.values) is self.wanted
        return any(code == self.what and value.strip() in self.values for code, value in parts) is self.wanted


def places(text: str) -> Iterator[Place]:
    """Yield a Place for every tag that a list of places names."""
    for place in text.split():
        where, _, codes = place.partition("$")
        tags, _, condition = where.partition("?")
        codes, _, characters = codes.partition("/")
        cut = None
        if characters:
            first, _, last = characters.partition("-")
            cut = slice(int(first), int(last) + 1)
        for tag in _tags(tags):
            yield Place(f"{tag:03}", codes, cut, _condition(condition) if condition else None)


def _tags(text: str) -> range:
    if text.endswith("-"):
        prefix = text.rstrip("-")
        return range(int(prefix.ljust(3, "0")), int(prefix.ljust(3, "9")) + 1)
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _condition(text: str) -> Condition:
    what, _, values = text.partition("=")
    return Condition(what.rstrip("!"), frozenset(values.split(",")), not what.endswith("!"))
