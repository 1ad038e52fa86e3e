"""CQL 1.1, 1.2 and 2.0 (OASIS searchRetrieve part 5): the text of a query to a tree, with the place of everything in it.

The reader is one loop with a stack of its own, so that no nesting is too deep for it but the one that `MAX_LEVELS` allows. What
cannot be read is refused with the character where it went wrong, counted from 1. Names of Booleans, relations and modifiers are
in small letters in the tree; indexes and terms are as they were written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from protocols.sru.diagnostics import Condition, Refused

MAX_CHARACTERS: Final = 16_384
MAX_CLAUSES: Final = 150
MAX_LEVELS: Final = 100
"""Parentheses inside one another."""
MAX_MODIFIERS: Final = 16
"""Modifiers of one relation, Boolean or sort key."""
MAX_PREFIXES: Final = 32

BOOLEANS: Final = frozenset({"and", "or", "not", "prox"})
NAMED_RELATIONS: Final = frozenset({"any", "all", "adj", "exact", "scr", "within", "encloses"})
"""Relations of the cql context set that are words; one of another set is written with its prefix."""


class Token(NamedTuple):
    """A piece of a query: a word, a quoted text without its quotes, a symbol, or the end."""

    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Modifier:
    """What stands after a slash: a name, and sometimes a comparison with a value."""

    name: str
    comparison: str = ""
    value: str = ""
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Relation:
    """How index and term stand to each other; "=" where the query says nothing."""

    name: str = "="
    modifiers: tuple[Modifier, ...] = ()
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """An index: its name, the prefix before it, and the context set that the query itself gave to the prefix, if it did."""

    name: str
    prefix: str = ""
    context_set: str = ""
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.prefix}.{self.name}" if self.prefix else self.name


SERVER_CHOICE: Final = Index("serverChoice", "cql")


@dataclass(frozen=True, slots=True)
class Clause:
    """One search clause. The term keeps its backslashes: they tell masks from characters."""

    index: Index
    relation: Relation
    term: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Boolean:
    """Two parts of a query and what joins them."""

    operator: str
    left: Node
    right: Node
    modifiers: tuple[Modifier, ...] = ()
    position: int = field(default=0, compare=False)


Node: TypeAlias = Clause | Boolean


@dataclass(frozen=True, slots=True)
class SortKey:
    """An index to sort by, with its modifiers."""

    index: Index
    modifiers: tuple[Modifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A query and the order that it wants its records in."""

    root: Node
    sort_keys: tuple[SortKey, ...] = ()


# --- pieces -------------------------------------------------------------------------------------------------------------

_TOKEN: Final = re.compile(
    r"""\s*(?: (?P<symbol> <> | <= | >= | == | [()=<>/] )
             | "(?P<text> (?: [^"\\] | \\. )* )"
             | (?P<word> [^\s()=<>"/]+ )
             | (?P<open> " ) )""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS: Final = frozenset({"=", "==", "<>", "<", ">", "<=", ">="})


def tokens(text: str) -> list[Token]:
    """Return the pieces of a query, the end as the last. Raises Refused."""
    if len(text) > MAX_CHARACTERS:
        raise Refused(Condition.QUERY_TOO_LONG, MAX_CHARACTERS)
    out: list[Token] = []
    at = 0
    while found := _TOKEN.match(text, at):
        kind = found.lastgroup or ""
        if kind == "open":
            raise Refused(
                Condition.QUOTES, f"the quotation that begins at character {found.start(kind) + 1} does not end"
            )
        start = found.start(kind) + (kind != "text")
        out.append(Token(kind, found[kind], start))
        at = found.end()
    out.append(Token("end", "", len(text) + 1))
    return out


# --- the reader ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Frame:
    """A part of the query that is being read: inside one pair of parentheses, or the whole."""

    position: int
    prefixes: Mapping[str, str]
    left: Node | None = None
    boolean: tuple[str, tuple[Modifier, ...], int] | None = None


def parse(text: str) -> Query:
    """Return the tree of a query. Raises Refused."""
    return _Reader(tokens(text)).query()


def parse_clause(text: str) -> Clause:
    """Return the one clause of a scan. Raises Refused."""
    query = parse(text)
    if isinstance(query.root, Boolean):
        raise Refused(Condition.QUERY_SYNTAX, f"a single clause is wanted: character {query.root.position}")
    if query.sort_keys:
        raise Refused(Condition.SORT, "a list of terms is in the order of its index")
    return query.root


class _Reader:
    """Reads one query."""

    def __init__(self, pieces: list[Token]) -> None:
        self._pieces = pieces
        self._at = 0
        self._clauses = 0

    @property
    def _next(self) -> Token:
        return self._pieces[self._at]

    def _take(self) -> Token:
        token = self._pieces[self._at]
        self._at += token.kind != "end"
        return token

    def query(self) -> Query:
        """Read everything."""
        stack = [_Frame(0, MappingProxyType({}))]
        while True:
            frame = stack[-1]
            if frame.left is None:
                frame.prefixes = self._prefixes(frame.prefixes)
            if self._symbol("("):
                if len(stack) > MAX_LEVELS:
                    raise Refused(Condition.PARENTHESES, f"more than {MAX_LEVELS} levels: {_where(self._next)}")
                stack.append(_Frame(self._take().position, frame.prefixes))
                continue
            _join(frame, self._clause(frame.prefixes))
            while self._symbol(")"):
                closing = self._take()
                node = stack.pop().left
                if not stack or node is None:
                    raise Refused(Condition.PARENTHESES, f"nothing is open at {_where(closing)}")
                _join(stack[-1], node)
            token = self._next
            frame = stack[-1]
            if token.kind == "end" or (_is(token, "sortby") and len(stack) == 1):
                break
            if token.kind != "word" or token.text.lower() not in BOOLEANS:
                raise Refused(Condition.QUERY_SYNTAX, f"a Boolean operator is wanted at {_where(token)}")
            self._take()
            frame.boolean = (token.text.lower(), self._modifiers(), token.position)
        if len(stack) > 1:
            raise Refused(Condition.PARENTHESES, f"what is opened at character {stack[-1].position} is not closed")
        root = stack[0].left
        if root is None:
            raise AssertionError("a clause was read")
        return Query(root, self._sort_keys(stack[0].prefixes))

    def _symbol(self, text: str) -> bool:
        return self._next.kind == "symbol" and self._next.text == text

    def _prefixes(self, known: Mapping[str, str]) -> Mapping[str, str]:
        """Read `>prefix=uri` and `>uri`, which hold for what follows within the parentheses."""
        found: dict[str, str] = {}
        while self._symbol(">"):
            self._take()
            name, uri = "", self._text("a context set")
            if self._symbol("="):
                self._take()
                name, uri = uri.lower(), self._text("the identifier of a context set")
            found[name] = uri
            if len(found) > MAX_PREFIXES:
                raise Refused(Condition.QUERY_SYNTAX, f"more than {MAX_PREFIXES} prefixes before {_where(self._next)}")
        return {**known, **found} if found else known

    def _text(self, wanted: str) -> str:
        token = self._take()
        if token.kind not in {"word", "text"}:
            raise Refused(Condition.QUERY_SYNTAX, f"{wanted} is wanted at {_where(token)}")
        return token.text

    def _clause(self, prefixes: Mapping[str, str]) -> Clause:
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise Refused(Condition.TOO_MANY_BOOLEANS, MAX_CLAUSES - 1)
        first = self._take()
        if first.kind == "end":
            raise Refused(Condition.QUERY_SYNTAX, f"a search clause is wanted at {_where(first)}")
        if first.kind not in {"word", "text"}:
            condition = Condition.PARENTHESES if first.text == ")" else Condition.QUERY_SYNTAX
            raise Refused(condition, f"a search clause is wanted at {_where(first)}")
        relation = self._relation()
        if relation is None:
            return Clause(SERVER_CHOICE, Relation(), _term(first), first.position)
        token = self._next
        term = self._text("a term")
        return Clause(_index(first, prefixes), relation, _term(token._replace(text=term)), token.position)

    def _relation(self) -> Relation | None:
        token = self._next
        named = token.kind == "word" and self._names_relation(token)
        if not named and not (token.kind == "symbol" and token.text in _COMPARISONS):
            return None
        self._take()
        return Relation(token.text.lower(), self._modifiers(), token.position)

    def _names_relation(self, token: Token) -> bool:
        """Tell whether a word after a word is a relation: one of cql's, or one with the prefix of its context set."""
        return token.text.lower() in NAMED_RELATIONS or "." in token.text

    def _modifiers(self) -> tuple[Modifier, ...]:
        out: list[Modifier] = []
        while self._symbol("/"):
            self._take()
            position = self._next.position
            name = self._text("a modifier").lower()
            comparison = value = ""
            if self._next.kind == "symbol" and self._next.text in _COMPARISONS:
                comparison = self._take().text
                value = self._text("the value of a modifier")
            out.append(Modifier(name, comparison, value, position))
            if len(out) > MAX_MODIFIERS:
                raise Refused(
                    Condition.QUERY_SYNTAX, f"more than {MAX_MODIFIERS} modifiers before {_where(self._next)}"
                )
        return tuple(out)

    def _sort_keys(self, prefixes: Mapping[str, str]) -> tuple[SortKey, ...]:
        if self._next.kind == "end":
            return ()
        self._take()
        out: list[SortKey] = []
        while not out or self._next.kind != "end":
            token = self._next
            self._text("a sort key")
            out.append(SortKey(_index(token, prefixes), self._modifiers()))
            if len(out) > MAX_MODIFIERS:
                raise Refused(Condition.TOO_MANY_SORT_KEYS, MAX_MODIFIERS)
        return tuple(out)


def _join(frame: _Frame, node: Node) -> None:
    """Put a node into its frame: Booleans have one precedence, and join what stands to their left first."""
    if frame.boolean is not None and frame.left is not None:
        operator, modifiers, position = frame.boolean
        node = Boolean(operator, frame.left, node, modifiers, position)
    frame.left, frame.boolean = node, None


def _is(token: Token, word: str) -> bool:
    return token.kind == "word" and token.text.lower() == word


def _where(token: Token) -> str:
    return f"character {token.position}" + (
        ", where the query ends" if token.kind == "end" else f" ({token.text[:40]})"
    )


def _index(token: Token, prefixes: Mapping[str, str]) -> Index:
    prefix, point, name = token.text.partition(".")
    if not point:
        prefix, name = "", token.text
    return Index(name, prefix, prefixes.get(prefix.lower(), ""), token.position)


def _term(token: Token) -> str:
    # A backslash at the end of a bare word escapes nothing.
    if token.kind == "word" and len(token.text) - len(token.text.rstrip("\\")) & 1:
        raise Refused(Condition.ESCAPED_CHARACTER, f"nothing follows the backslash of {_where(token)}")
    return token.text


# --- terms --------------------------------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """A character of a term, and whether it is a mask or an anchor (``*``, ``?``, ``^``) and not itself."""

    character: str
    special: bool


MASKS: Final = frozenset("*?^")


def pieces(term: str) -> list[Piece]:
    """Return the characters of a term, its backslashes resolved. Raises Refused for one that escapes nothing special."""
    out: list[Piece] = []
    escaped = False
    for character in term:
        if escaped:
            if character not in '*?^"\\':
                raise Refused(Condition.ESCAPED_CHARACTER, character)
            out.append(Piece(character, False))
        elif character != "\\":
            out.append(Piece(character, character in MASKS))
        escaped = character == "\\" and not escaped
    return out


def plain(term: str) -> str:
    """Return the text of a term without backslashes, masks as they are."""
    return "".join(character for character, _ in pieces(term))


# --- writing ------------------------------------------------------------------------------------------------------------

_BARE: Final = re.compile(r'[^\s()=<>"/\\]+')


def quoted(term: str) -> str:
    """Return a term as it may stand in a query: in quotes unless it is one plain word."""
    bare = _BARE.fullmatch(term) and term.lower() not in BOOLEANS | NAMED_RELATIONS | {"sortby"}
    return term if bare else f'"{term}"'


def write(node: Node) -> str:
    """Return a query that reads as *node*; every Boolean in parentheses but the outermost."""
    out: list[str] = []
    todo: list[Node | str] = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, Clause):
            relation = f" {part.relation.name}{_written(part.relation.modifiers)} "
            out.append(f"{quoted(str(part.index))}{relation}{quoted(part.term)}")
        else:
            opening, closing = ("", "") if part is node else ("(", ")")
            joint = f" {part.operator}{_written(part.modifiers)} "
            todo += [closing, part.right, joint, part.left, opening]
    return "".join(out)


def _written(modifiers: tuple[Modifier, ...]) -> str:
    return "".join(
        f"/{quoted(each.name)}" + (f" {each.comparison} {quoted(each.value)}" if each.comparison else "")
        for each in modifiers
    )
