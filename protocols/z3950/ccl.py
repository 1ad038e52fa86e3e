"""Type-2 queries: the Common Command Language of ISO 8777, read into the same tree as type-1 queries.

::

    query = part {("and" | "or" | "not" | "%"[N] | "!"[N]) part}         from left to right; et, ou, sauf are the same
    part  = "(" query ")" | "set" "=" NAME | [name {"," name} RELATION] words
    words = WORD {WORD} | '"' PHRASE '"'

A word that ends in `?` goes on; inside a word `?` is any number of characters and `#` is one. `!3` is "within three words, in
this order", `%3` in any order. `dp=1990-1995` is a range.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from typing import Final, NamedTuple

from protocols.z3950.bib1 import ProximityRelation, ProximityUnit, Relation, Structure, Truncation
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.rpn import (
    MAX_OPERANDS,
    MAX_TERM,
    Attributes,
    Boolean,
    BooleanOperator,
    Proximity,
    Query,
    ResultSetOperand,
    Term,
)

MAX_LEVELS: Final = 50

QUALIFIERS: Final[dict[str, int]] = {
    "any": 1016,
    "wrd": 1016,
    "ti": 4,
    "au": 1003,
    "su": 21,
    "se": 5,
    "pu": 1018,
    "pb": 1018,
    "pl": 59,
    "pd": 31,
    "dp": 31,
    "la": 54,
    "cc": 1053,
    "isbn": 7,
    "ib": 7,
    "issn": 8,
    "is": 8,
    "an": 12,
    "id": 1032,
    "nb": 48,
    "cp": 2,
    "co": 3,
    "pn": 1,
    "ab": 62,
    "nt": 63,
    "dt": 1031,
}
"""What stands before a relation -> the Use attribute."""

_BOOLEANS: Final = {
    "and": BooleanOperator.AND,
    "et": BooleanOperator.AND,
    "or": BooleanOperator.OR,
    "ou": BooleanOperator.OR,
    "not": BooleanOperator.AND_NOT,
    "sauf": BooleanOperator.AND_NOT,
}
_RELATIONS: Final = {
    "=": Relation.EQUAL,
    "<": Relation.LESS_THAN,
    "<=": Relation.LESS_THAN_OR_EQUAL,
    ">": Relation.GREATER_THAN,
    ">=": Relation.GREATER_OR_EQUAL,
    "<>": Relation.NOT_EQUAL,
}
_TOKEN: Final = re.compile(r'\s*(?:"([^"]*)"|([<>]=|<>|[=<>(),]|[%!][0-9]{0,3}(?![^\s()"])|[^\s"=<>(),]+))')
_RANGE: Final = re.compile(r"([0-9]{4})?-([0-9]{4})?")


class _Token(NamedTuple):
    text: str
    quoted: bool
    at: int

    def means(self, *words: str) -> bool:
        return not self.quoted and self.text.casefold() in words


_END: Final = _Token("", True, -1)


def parse(text: str) -> Query:
    """Return what a query in CCL asks. Raises Refused (108 with the character where it cannot be read)."""
    reader = _Reader(text)
    if reader.here.means("find", "f"):
        reader.take()
    found = reader.query(0)
    if reader.here is not _END:
        raise _malformed("an operator is missing", reader.here)
    return found


def _malformed(what: str, token: _Token) -> Refused:
    return Refused(Bib1.MALFORMED_QUERY, f"{what} {'at the end' if token is _END else f'at character {token.at + 1}'}")


class _Reader:
    def __init__(self, text: str) -> None:
        self._left: list[_Token] = []
        self._operands = 0
        at, text = 0, text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise Refused(Bib1.MALFORMED_QUERY, f"a quotation mark is not closed at character {at + 1}")
            quoted, bare = match.groups()
            start = match.start(1 if bare is None else 2)
            self._left.append(_Token(quoted, True, start) if bare is None else _Token(bare, False, start))
            at = match.end()
        self._left.reverse()

    @property
    def here(self) -> _Token:
        """The next token."""
        return self._left[-1] if self._left else _END

    def take(self) -> _Token:
        """Return the next token and go over it."""
        return self._left.pop() if self._left else _END

    def query(self, level: int) -> Query:
        """Read parts and what joins them."""
        found = self._part(level)
        while operator := _operator(self.here):
            self.take()
            found = Boolean(operator, found, self._part(level))
        return found

    def _part(self, level: int) -> Query:
        if self.here.means("("):
            if level == MAX_LEVELS:
                raise Refused(Bib1.TOO_MANY_BOOLEANS, MAX_LEVELS)
            self.take()
            found = self.query(level + 1)
            if not self.take().means(")"):
                raise _malformed("a parenthesis is not closed", self.here)
            return found
        self._operands += 1
        if self._operands > MAX_OPERANDS:
            raise Refused(Bib1.TOO_MANY_BOOLEANS, MAX_OPERANDS - 1)
        ahead = self._left[-2] if len(self._left) > 1 else _END
        if not ahead.means(",", *_RELATIONS):
            return self._words((1016,), Relation.EQUAL)
        if self.here.means("set"):
            self.take(), self.take()
            return ResultSetOperand(self.take().text)
        return self._words(*self._qualified())

    def _qualified(self) -> tuple[tuple[int, ...], Relation]:
        uses = []
        while True:
            name = self.take()
            use = None if name.quoted else QUALIFIERS.get(name.text.casefold())
            if use is None:
                raise Refused(Bib1.USE_ATTRIBUTE, f"{name.text}: {', '.join(QUALIFIERS)} are taken")
            uses.append(use)
            follows = self.take()
            if not follows.means(","):
                break
        if not follows.means(*_RELATIONS):
            raise _malformed("a relation is missing", follows)
        return tuple(uses), _RELATIONS[follows.text]

    def _words(self, uses: tuple[int, ...], relation: Relation) -> Query:
        first = self.here
        if first is _END or first.means("(", ")", ",", *_RELATIONS) or _operator(first):
            raise _malformed("a term is missing", first)
        if self.take().quoted:
            make = _term(first.text, relation, Structure.PHRASE)
        else:
            words = [first.text]
            while not (self.here.quoted or self.here.means("(", ")", ",", *_RELATIONS) or _operator(self.here)):
                words.append(self.take().text)
            make = _term(" ".join(words), relation, None)
        terms: list[Query] = [make(use) for use in uses]
        return reduce(lambda left, right: Boolean(BooleanOperator.OR, left, right), terms)


def _operator(token: _Token) -> BooleanOperator | Proximity | None:
    if token.quoted:
        return None
    if re.fullmatch(r"[%!][0-9]{0,3}", token.text):
        distance = int(token.text[1:] or 1)
        return Proximity(
            distance, ProximityRelation.LESS_THAN_OR_EQUAL, ProximityUnit.WORD, ordered=token.text[0] == "!"
        )
    return _BOOLEANS.get(token.text.casefold())


def _term(text: str, relation: Relation, structure: Structure | None) -> Callable[[int], Term]:
    """Return what makes the term of a Use attribute."""
    truncation = Truncation.DO_NOT_TRUNCATE
    bounds = _RANGE.fullmatch(text) if relation is Relation.EQUAL else None
    if bounds is not None and any(bounds.groups()):
        low, high = bounds.groups()
        relation = (
            Relation.WITHIN if low and high else Relation.GREATER_OR_EQUAL if low else Relation.LESS_THAN_OR_EQUAL
        )
        text = " ".join(filter(None, (low, high)))
    elif text.endswith("?") and not re.search(r"[?#]", text[:-1]):
        text, truncation = text[:-1], Truncation.RIGHT
    elif re.search(r"[?#]", text):
        truncation = Truncation.Z39_58
    octets = text.encode()
    if not octets.strip():
        raise Refused(Bib1.MALFORMED_TERM, text)
    if len(octets) > MAX_TERM:
        raise Refused(Bib1.TOO_MANY_CHARACTERS, MAX_TERM)

    def make(use: int) -> Term:
        return Term(Attributes(use=use, relation=relation, structure=structure, truncation=truncation), octets)

    return make
