"""What a search asks, in the store's own terms: a tree of frozen nodes that every wire translates its queries into."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from storage.catalogue.access_points import AccessPoint


class Kind(Enum):
    """How the text of a term is looked for. Access points of numbers and years know exact and truncated only."""

    WORDS = "all words, in any order"
    PHRASE = "the words one after the other"
    PREFIX = "all words, the last one truncated"
    HEADING = "the complete field"
    HEADING_PREFIX = "the beginning of the field"


@dataclass(frozen=True, slots=True)
class Term:
    """Text looked for in any of `access_points`; it is analysed by the store, so it is given as the user wrote it."""

    access_points: tuple[AccessPoint, ...]
    kind: Kind
    text: str


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


Query: TypeAlias = Term | ResultSet | And | Or | AndNot


class QueryReason(Enum):
    """Why a query is not answered."""

    EMPTY_TERM = "the term holds no word"
    TOO_MANY_TERMS = "the truncated term stands for too many terms"
    TOO_MANY_CANDIDATES = "too many records would have to be read for the phrase"
    UNKNOWN_RESULT_SET = "there is no such result set"
    NO_HEADINGS = "complete fields cannot be asked for here"
    TOO_COMPLEX = "the query has too many parts"


class QueryError(Exception):
    """A query that is not answered; `detail` is the term, name or number that is wrong."""

    def __init__(self, reason: QueryReason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
