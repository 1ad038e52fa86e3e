"""What can be asked for, and where it is found in a record: one table, for the index, for queries and for the Use attributes.

An access point of words has a posting for each word. Pairs of adjacent words ("w1 w2"), which find phrases, are under its code
plus `PAIRS`; whole headings, so that they can be walked in order, under its code plus `HEADINGS`. Identifiers and years have
one posting for each normal form.

Places are written `tag$codes`; `700-702$ab` is three tags, `4--$t` all tags that begin with 4. The subfields of one field that a
place names are one sequence of words: pairs do not cross fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from protocols.marc.format import Format
from storage.catalogue import analyser

HEADINGS: Final = 100
"""Added to the code of an access point for its whole headings."""
PAIRS: Final = 200
"""Added to the code of an access point for its pairs of adjacent words."""
SORTS: Final = 300
"""Added to the code of a sort point for the one key that a record has there."""
DATABASES: Final = 0
"""The access point of the databases that a record belongs to; its terms are their ids."""


class PointKind(Enum):
    """What the terms of an access point are."""

    WORDS = "words"
    IDENTIFIER = "identifier"
    YEAR = "year"


class Places(NamedTuple):
    """Where an access point is found in one format."""

    words: str
    headings: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AccessPoint:
    """One row of the table; `code` is what its postings say.

    With `pairs`, phrases are found fast; `names` are asked for in both orders; the leading articles of `titles` do not
    count in headings; `normal` finds the identifiers in a text. With `anywhere`, its terms are found under ANY too.
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

    @property
    def has_headings(self) -> bool:
        """Whether complete fields can be asked for."""
        return bool(self.unimarc.headings)

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
    Places("710-712$abcdef 716$a 720-722$af 730$a", "710-712$ab 710-712$abcdef 720-722$a"),
    Places("110$abcdn 111$acden 710$abcdn 711$acden 720$a", "110$ab 110$abcdn 111$acden 710$ab 710$abcdn 711$acden"),
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
    10, "date-of-publication", Places("210$d 214$d 100$a"), Places("260$c 264$c 008$"), PointKind.YEAR
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

ALL: Final = (
    ANY, TITLE, PERSON, BODY, RESPONSIBILITY, SUBJECT, SERIES, PUBLISHER, PLACE, YEAR, ISBN, ISSN, LOCAL_NUMBER, OTHER_NUMBER,
)  # fmt: skip

by_use: Final[dict[int, tuple[AccessPoint, ...]]] = {
    1: (PERSON,),
    4: (TITLE,),
    5: (SERIES,),
    7: (ISBN,),
    8: (ISSN,),
    12: (LOCAL_NUMBER,),
    21: (SUBJECT,),
    31: (YEAR,),
    59: (PLACE,),
    1003: (PERSON, BODY, RESPONSIBILITY),
    1004: (PERSON,),
    1016: (ANY,),
    1017: (ANY,),
    1018: (PUBLISHER,),
    1032: (LOCAL_NUMBER, OTHER_NUMBER),
    1035: (ANY,),
}
"""Bib-1 Use attribute to the access points that serve it together."""


@dataclass(frozen=True, slots=True, eq=False)
class SortPoint:
    """What records are put in order by; `code` is what its postings say.

    A record has one key at most: that of the first field which one of the places names and which holds one.
    """

    code: int
    name: str
    unimarc: str
    marc21: str
    kind: PointKind = PointKind.WORDS
    titles: bool = False

    def key(self, text: str) -> str:
        """Return a text as the key that it would be in a record."""
        if self.kind is PointKind.WORDS:
            return analyser.heading(analyser.words(text), title=self.titles)
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
BY_NUMBER: Final = SortPoint(SORTS + 5, "local-number", "001$", "001$", PointKind.IDENTIFIER)

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


def places(text: str) -> Iterator[tuple[str, str]]:
    """Yield (tag, codes) for every tag that a list of places names."""
    for place in text.split():
        tags, _, codes = place.partition("$")
        if tags.endswith("-"):
            prefix = tags.rstrip("-")
            start, end = int(prefix.ljust(3, "0")), int(prefix.ljust(3, "9"))
        else:
            first, _, last = tags.partition("-")
            start, end = int(first), int(last or first)
        for tag in range(start, end + 1):
            yield f"{tag:03}", codes
