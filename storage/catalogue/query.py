"""What a search asks, in the store's own terms: a tree of frozen nodes that every wire translates its queries into."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TypeAlias

from storage.catalogue.access_points import AccessPoint


class Kind(StrEnum):
    """How the text of a term is looked for. Access points of numbers and dates know exact and truncated only."""

    WORDS = "all words, in any order"
    SOME = "one of the words, or more"
    PHRASE = "the words one after the other"
    PREFIX = "all words, the last one truncated"
    PHRASE_PREFIX = "the words one after the other, the last one truncated"
    HEADING = "the complete field"
    HEADING_WORDS = "the first words of the field"
    HEADING_PREFIX = "the beginning of the field"


@dataclass(frozen=True, slots=True)
class Term:
    """Text looked for in any of `access_points`; it is analysed by the store, so it is given as the user wrote it."""

    access_points: tuple[AccessPoint, ...]
    kind: Kind
    text: str

    def __hash__(self) -> int:
        return hash(self.text)  # which a string knows already: terms are looked up with every search


@dataclass(frozen=True, slots=True)
class Mask:
    """A word of which a part is known: all terms that begin with `prefix` and match the whole of `expression`.

    Made by `masks` alone, which sees to it that no expression costs much.
    """

    prefix: str
    expression: str


@dataclass(frozen=True, slots=True)
class Masked:
    """Words of which a part is known: all of `masks`, each in any of `access_points`."""

    access_points: tuple[AccessPoint, ...]
    masks: tuple[Mask, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """Numbers, years or days from `low` to `high`, both of them included where they are; None is no bound."""

    access_points: tuple[AccessPoint, ...]
    low: str | None
    high: str | None
    low_included: bool = True
    high_included: bool = True


@dataclass(frozen=True, slots=True)
class Present:
    """The records that have something in one of `access_points`; all records where these are none."""

    access_points: tuple[AccessPoint, ...]


class Distance(Enum):
    """How the distance that is found stands to the one that is asked."""

    LESS = "less"
    AT_MOST = "at most"
    EXACTLY = "exactly"
    AT_LEAST = "at least"
    MORE = "more"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Near:
    """Two phrases at a distance in one field of an access point: in words (adjacent: 1), or None for anywhere in it.

    With `ordered`, the left one comes first.
    """

    access_points: tuple[AccessPoint, ...]
    left: str
    right: str
    words: int | None
    distance: Distance = Distance.AT_MOST
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class ResultSet:
    """The result of an earlier search, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class And:
    """The records that both sides find."""

    left: Query
    right: Query


@dataclass(frozen=True, slots=True)
class Or:
    """The records that one side finds, or both."""

    left: Query
    right: Query


@dataclass(frozen=True, slots=True)
class AndNot:
    """The records that the left side finds and the right does not."""

    left: Query
    right: Query


Leaf: TypeAlias = Term | Masked | Between | Present | Near
Query: TypeAlias = Leaf | ResultSet | And | Or | AndNot


class QueryReason(Enum):
    """Why a query is not answered."""

    EMPTY_TERM = "the term holds no word"
    TOO_MANY_MASKS = "too many words are masked or truncated"
    TOO_MANY_TERMS = "the truncated term stands for too many terms"
    TOO_MANY_CANDIDATES = "too many records would have to be read for the phrase"
    UNKNOWN_RESULT_SET = "there is no such result set"
    NO_HEADINGS = "complete fields cannot be asked for here"
    NO_RANGES = "less and more cannot be asked for here"
    BAD_MASK = "the mask cannot be read, or stands for too much"
    BAD_DATE = "not a year or a day"
    TOO_COMPLEX = "the query has too many parts"


class QueryError(Exception):
    """A query that is not answered; `detail` is the term, name or number that is wrong."""

    def __init__(self, reason: QueryReason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
