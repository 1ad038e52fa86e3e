"""CQL in Bib-1 attributes: so CQL finds what RPN finds, by one meaning of each attribute (`catalogue_query`).

The combinations are those of the Bath Profile: a keyword by ``=``, a truncated one by ``term*``, an exact heading by ``==``, first
words by ``^term``, first characters by ``^term*``. What cannot be asked is refused with the place in the query.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Final

from protocols.sru import cql
from protocols.sru.cql import Clause, Modifier, Piece
from protocols.sru.diagnostics import Condition, Refused
from protocols.z3950 import rpn
from protocols.z3950.bib1 import (
    ATTRIBUTES,
    AttributeType,
    Completeness,
    Position,
    ProximityRelation,
    ProximityUnit,
    Relation,
    Structure,
    Truncation,
)
from protocols.z3950.diagnostics import Refused as Bib1Refused
from protocols.z3950.rpn import Attributes, BooleanOperator, Proximity, ResultSetOperand, Term
from server.catalogue import indexes as cql_indexes
from server.catalogue import query as catalogue_query
from server.catalogue.diagnostics import translated
from server.catalogue.query import PROFILE
from storage.catalogue import masks
from storage.catalogue.access_points import PointKind, by_use

_OPERATORS: Final = {"and": BooleanOperator.AND, "or": BooleanOperator.OR, "not": BooleanOperator.AND_NOT}
_COMPARED: Final = {
    "<": Relation.LESS_THAN,
    "<=": Relation.LESS_THAN_OR_EQUAL,
    ">": Relation.GREATER_THAN,
    ">=": Relation.GREATER_OR_EQUAL,
    "<>": Relation.NOT_EQUAL,
    "within": Relation.WITHIN,
}
"""Relation of CQL -> Relation attribute."""
_MODIFIERS: Final[dict[str, dict[str, int]]] = {
    "stem": {"relation": Relation.STEM},
    "phonetic": {"relation": Relation.PHONETIC},
    "fuzzy": {"relation": Relation.PHONETIC},
    "relevant": {"relation": Relation.RELEVANCE},
    "word": {},
    "string": {"structure": Structure.PHRASE},
    "ignorecase": {},
    "ignoreaccents": {},
    "masked": {},
    "isodate": {},
    "number": {},
}
"""Relation modifier -> the attributes that say the same. Case and accents are never looked at; masks count anyway.

What is fuzzy is for a server to say: here what sounds alike."""
_EXACT: Final[dict[str, Any]] = {
    "structure": Structure.PHRASE,
    "position": Position.FIRST_IN_FIELD,
    "completeness": Completeness.COMPLETE_FIELD,
}
_FIRST: Final[dict[str, Any]] = {"structure": Structure.PHRASE, "position": Position.FIRST_IN_FIELD}

Word = Sequence[Piece]


MAX_WORDS: Final = 300
"""Words of all terms together: each may become a term of its own."""


def translate(root: cql.Node) -> rpn.Query:
    """Return a query as RPN that our catalogue answers. Raises Refused."""
    words, todo = 0, [root]
    while todo:
        node = todo.pop()
        if isinstance(node, Clause):
            if len(node.term) > 2 * rpn.MAX_TERM:  # each character may be escaped
                raise Refused(Condition.TERM_TOO_LONG, rpn.MAX_TERM)
            words += len(node.term.split())
        else:
            todo += node.left, node.right
    if words > MAX_WORDS:
        raise Refused(Condition.TOO_MANY_BOOLEANS, f"{words} words; {MAX_WORDS} are taken")
    return _translated(root)


def _translated(node: cql.Node) -> rpn.Query:
    if isinstance(node, Clause):
        return _clause(node)
    if node.operator == "prox":
        return _near(node)
    if node.modifiers:
        raise Refused(Condition.BOOLEAN_MODIFIER, _place(node.modifiers[0]))
    return rpn.Boolean(_OPERATORS[node.operator], _translated(node.left), _translated(node.right))


_UNITS: Final = {unit.name.lower(): unit for unit in ProximityUnit}
_DISTANCES: Final = {
    "<": ProximityRelation.LESS_THAN,
    "<=": ProximityRelation.LESS_THAN_OR_EQUAL,
    "=": ProximityRelation.EQUAL,
    ">=": ProximityRelation.GREATER_THAN_OR_EQUAL,
    ">": ProximityRelation.GREATER_THAN,
    "<>": ProximityRelation.NOT_EQUAL,
}


def _near(node: cql.Boolean) -> rpn.Query:
    """Say proximity: side by side where nothing else is asked, in one field where the unit is the element."""
    unit, ordered = ProximityUnit.WORD, False
    distance: Modifier | None = None
    for modifier in node.modifiers:
        name = modifier.name.removeprefix("cql.")
        if name == "unit" and modifier.comparison == "=":
            found = _UNITS.get(modifier.value.lower())
            if found is None:
                raise Refused(Condition.PROXIMITY_UNIT, f"{modifier.value} at character {modifier.position}")
            unit = found
        elif name == "distance" and modifier.comparison in _DISTANCES:
            distance = modifier
        elif name in {"ordered", "unordered"} and not modifier.comparison:
            ordered = name == "ordered"
        else:
            raise Refused(Condition.BOOLEAN_MODIFIER, _place(modifier))
    number, relation = int(unit is ProximityUnit.WORD), ProximityRelation.LESS_THAN_OR_EQUAL
    if distance is not None:
        if not (distance.value.isascii() and distance.value.isdigit() and len(distance.value) < 7):
            raise Refused(Condition.PROXIMITY_DISTANCE, f"{distance.value} at character {distance.position}")
        number, relation = int(distance.value), _DISTANCES[distance.comparison]
    sent = Proximity(number, relation, unit, ordered)
    near: rpn.Query = rpn.Boolean(sent, _translated(node.left), _translated(node.right))
    try:
        catalogue_query.translated(near)
    except Bib1Refused as refused:
        condition, details = translated(refused)
        raise Refused(condition, f"{details}: prox at character {node.position}") from refused
    return near


def _place(modifier: Modifier) -> str:
    return f"{modifier.name} at character {modifier.position}"


def attributes(clause: Clause) -> Attributes:
    """Return the attributes of a clause whose term is not looked at: for a scan. Raises Refused."""
    row = cql_indexes.resolve(clause.index)
    if isinstance(row, str):
        raise Refused(Condition.INDEX, f"{clause.index} at character {clause.index.position}")
    exact = clause.relation.name.removeprefix("cql.") in _WHOLE
    return Attributes(use=row.use, structure=Structure.PHRASE if exact else None)


def _clause(clause: Clause) -> rpn.Query:
    row = cql_indexes.resolve(clause.index)
    text = cql.plain(clause.term).strip()
    if not text:
        raise Refused(Condition.EMPTY_TERM, f"character {clause.position}")
    if row == cql_indexes.RESULT_SET:
        return ResultSetOperand(text)
    if isinstance(row, str):
        return _leaf(clause, text, relation=Relation.ALWAYS_MATCHES)
    return _related(clause, row.use)


def _related(clause: Clause, use: int) -> rpn.Query:
    """Say a relation in attributes."""
    name = clause.relation.name.removeprefix("cql.")
    common: dict[str, Any] = {"use": use}
    unmasked = False
    for modifier in clause.relation.modifiers:
        known = modifier.name.removeprefix("cql.")
        if known == "unmasked" and not modifier.comparison:
            unmasked = True
        elif known in taken_modifiers() and not modifier.comparison:
            asked = _MODIFIERS[known]
            if "relation" in asked and common.get("relation", asked["relation"]) != asked["relation"]:
                raise Refused(Condition.RELATION_MODIFIER_COMBINATION, _place(modifier))
            common |= asked
        else:
            raise Refused(Condition.RELATION_MODIFIER, _place(modifier))
    pieces: Word = [each._replace(special=each.special and not unmasked) for each in cql.pieces(clause.term)]
    if name in _COMPARED:
        if "relation" in common:
            raise Refused(Condition.RELATION_MODIFIER, f"{name} at character {clause.relation.position}")
        return _leaf(clause, _text(clause, pieces), **{**common, "relation": _COMPARED[name]})
    if _words(pieces) == [[Piece("*", True)]]:
        return _leaf(clause, "*", **{**common, "relation": Relation.ALWAYS_MATCHES})
    if all(point.kind is not PointKind.WORDS for point in by_use[use]):
        pieces = _anchors(clause, pieces)[2]  # a number is whole anyway
        name = "=" if name in _WHOLE else name
    write = _RELATIONS.get(name)
    if write is None:
        raise Refused(Condition.RELATION, f"{clause.relation.name} at character {clause.relation.position}")
    return write(clause, pieces, common)


def _equal(clause: Clause, pieces: Word, common: dict[str, Any]) -> rpn.Query:
    first, last, pieces = _anchors(clause, pieces)
    if first and last:
        return _exact(clause, pieces, common)
    if last:
        raise Refused(Condition.ANCHOR, f"^ at the end of the term at character {clause.position}")
    if first:
        return _whole(clause, pieces, {**common, **_FIRST})
    words = _words(pieces)
    if not any(each.special for word in words[:-1] for each in word) and _is_prefix(words[-1:]):
        return _whole(clause, pieces, common)
    return _joined(clause, words, common, BooleanOperator.AND)


def _exact(clause: Clause, pieces: Word, common: dict[str, Any]) -> rpn.Query:
    return _whole(clause, _anchors(clause, pieces)[2], {**common, **_EXACT})


def _adjacent(clause: Clause, pieces: Word, common: dict[str, Any]) -> rpn.Query:
    first, last, pieces = _anchors(clause, pieces)
    anchored = _EXACT if first and last else _FIRST if first else {}
    if last and not first:
        raise Refused(Condition.ANCHOR, f"^ at the end of the term at character {clause.position}")
    return _whole(clause, pieces, {**common, "structure": Structure.PHRASE, **anchored})


def _all(clause: Clause, pieces: Word, common: dict[str, Any]) -> rpn.Query:
    if any(each.special for each in pieces):
        return _joined(clause, _words(pieces), common, BooleanOperator.AND)
    return _leaf(clause, _text(clause, pieces), **{"structure": Structure.WORD_LIST, **common})


def _any(clause: Clause, pieces: Word, common: dict[str, Any]) -> rpn.Query:
    if common.get("relation") == Relation.RELEVANCE:  # which needs the words together
        return _leaf(clause, _text(clause, pieces), **common)
    return _joined(clause, _words(pieces), common, BooleanOperator.OR)


_RELATIONS: Final[dict[str, Callable[[Clause, Word, dict[str, Any]], rpn.Query]]] = {
    "=": _equal,
    "scr": _equal,
    "==": _exact,
    "exact": _exact,
    "adj": _adjacent,
    "all": _all,
    "any": _any,
}
_WHOLE: Final = frozenset({"==", "exact", "adj"})


def taken_relations() -> list[str]:
    """Return the relations that the index takes."""
    exact = Position.FIRST_IN_FIELD in PROFILE.position and Completeness.COMPLETE_FIELD in PROFILE.completeness
    plain = [name for name, write in _RELATIONS.items() if exact or write is not _exact]
    return plain + [name for name, relation in _COMPARED.items() if relation in PROFILE.relation]


def taken_modifiers() -> list[str]:
    """Return the relation modifiers that the index takes."""
    return [name for name, values in _MODIFIERS.items() if values.get("relation", Relation.EQUAL) in PROFILE.relation]


def taken_booleans() -> list[str]:
    """Return the Boolean operators."""
    return [*_OPERATORS, "prox"]


# --- terms --------------------------------------------------------------------------------------------------------------


def _anchors(clause: Clause, pieces: Word) -> tuple[bool, bool, Word]:
    """Return whether the term is anchored at its beginning and at its end, and what stands between."""
    anchor = Piece("^", True)
    kept = list(pieces)
    first = bool(kept) and kept[0] == anchor
    kept = kept[1:] if first else kept
    last = bool(kept) and kept[-1] == anchor
    kept = kept[:-1] if last else kept
    if anchor in kept:
        raise Refused(Condition.ANCHOR_POSITION, f"the term at character {clause.position}")
    if not kept:
        raise Refused(Condition.EMPTY_TERM, f"character {clause.position}")
    return first, last, kept


def _words(pieces: Word) -> list[Word]:
    words: list[list[Piece]] = [[]]
    for each in pieces:
        if each.character.isspace() and not each.special:
            words.append([])
        else:
            words[-1].append(each)
    return [word for word in words if word]


def _is_prefix(words: Sequence[Word]) -> bool:
    """Tell whether the only mask of these words, if any, is a ``*`` at their end."""
    specials = [each for word in words for each in word if each.special]
    return not specials or (len(specials) == 1 and words[-1][-1] == Piece("*", True) and len(words[-1]) > 1)


def _whole(clause: Clause, pieces: Word, common: dict[str, Any]) -> rpn.Query:
    """Ask for a text as it stands, truncated at its end where a ``*`` says so."""
    if pieces[-1] == Piece("*", True) and len(pieces) > 1:
        return _leaf(clause, _text(clause, pieces[:-1]), **common, truncation=Truncation.RIGHT)
    return _leaf(clause, _text(clause, pieces), **common)


def _joined(clause: Clause, words: Sequence[Word], common: dict[str, Any], operator: BooleanOperator) -> rpn.Query:
    leaves: list[rpn.Query] = [_word(clause, word, common) for word in words]
    return reduce(lambda left, right: rpn.Boolean(operator, left, right), leaves)


def _word(clause: Clause, word: Word, common: dict[str, Any]) -> rpn.Query:
    """Ask for one word, with its masks."""
    specials = "".join(each.character if each.special else "." for each in word)
    bare = specials.strip("*")
    if not specials.strip("*?"):
        raise Refused(Condition.MASKED_WORD_TOO_SHORT, f"the term at character {clause.position}")
    if set(bare) == {"."}:
        kept = [each for each in word if not each.special]
        truncation = _TRUNCATIONS[specials.startswith("*"), specials.endswith("*")]
        return _leaf(clause, _text(clause, kept), **common, truncation=truncation)
    if "^" in specials:
        raise Refused(Condition.ANCHOR_POSITION, f"the term at character {clause.position}")
    if specials.count("*") > masks.MAX_GAPS:
        raise Refused(Condition.TOO_MANY_MASKS, masks.MAX_GAPS)
    if len(word) > masks.MAX_LENGTH:
        raise Refused(Condition.TERM_TOO_LONG, masks.MAX_LENGTH)
    masked = "".join(_Z39_58[each.character] if each.special else each.character for each in word)
    return _leaf(clause, masked, **common, truncation=Truncation.Z39_58)


_TRUNCATIONS: Final = {
    (False, False): Truncation.DO_NOT_TRUNCATE,
    (False, True): Truncation.RIGHT,
    (True, False): Truncation.LEFT,
    (True, True): Truncation.LEFT_AND_RIGHT,
}
_Z39_58: Final = {"?": "#", "*": "?"}
"""The masks of CQL in those of Z39.58: one character, any number of them."""


def _text(clause: Clause, pieces: Word) -> str:
    if any(each.special for each in pieces):
        special = next(each.character for each in pieces if each.special)
        condition = Condition.ANCHOR_POSITION if special == "^" else Condition.MASK_POSITION
        raise Refused(condition, f"{special} in the term at character {clause.position}")
    return "".join(each.character for each in pieces).strip()


def _leaf(clause: Clause, text: str, **values: Any) -> Term:
    """Return a term that our catalogue takes. Raises Refused."""
    octets = text.encode("utf-8", "replace")
    if len(octets) > rpn.MAX_TERM:
        raise Refused(Condition.TERM_TOO_LONG, rpn.MAX_TERM)
    sent = Term(Attributes(**values), octets)
    try:
        _check(sent.attributes)
        catalogue_query.term(sent)
    except Bib1Refused as refused:
        condition = translated(refused).condition
        what = f"{clause.index} {clause.relation.name} {cql.quoted(clause.term)[:60]}"
        raise Refused(condition, f"{what} at character {clause.index.position or clause.position}") from refused
    return sent


_DEFAULTS: Final = Attributes()


def _check(asked: Attributes) -> None:
    """Refuse attributes as `PROFILE` refuses those that come over the wire. Raises Bib1Refused."""
    for kind, (name, allowed) in PROFILE.values.items():
        value = getattr(asked, name)
        if value != getattr(_DEFAULTS, name) and value not in allowed:
            raise Bib1Refused(ATTRIBUTES[AttributeType(kind)].diagnostic, value)
