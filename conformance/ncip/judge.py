"""Whether an NCIP document is valid by the tables of the content models: what a strict partner would refuse.

It judges what others write, so it takes nothing as our reader does: names, namespaces, order, choice, number and the form of dates
and numbers are held against the table, one fault for each thing that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from protocols.ncip.base import PlainResponse, ProblemMessage
from protocols.ncip.messages import MESSAGES
from protocols.ncip.model import NAMESPACE, Child, Element, Kind
from protocols.ncip.problems import SERVICES, Group
from protocols.xmlsafe import SEPARATOR, Node, UnsafeXMLError, parse

_QUALIFIED: Final = NAMESPACE + SEPARATOR
_DATE: Final = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_NUMBER: Final = re.compile(r"[+-]?\d+")
_MOST: Final = 20


def judge(document: bytes) -> list[str]:
    """Return what is wrong with *document*, at most twenty things."""
    try:
        root = parse(document).root
    except UnsafeXMLError as error:
        return [str(error)]
    return [fault for fault, _ in zip(_root(root), range(_MOST), strict=False)]


def content_of(document: bytes) -> Node | None:
    """Return the element under NCIPMessage, None when there is none."""
    try:
        root = parse(document).root
    except UnsafeXMLError:
        return None
    return root.children[0] if root.name == "NCIPMessage" and root.children else None


def named(node: Node, name: str) -> Iterator[Node]:
    """Yield *node* and all under it that are called *name*."""
    if node.name == name:
        yield node
    for child in node.children:
        yield from named(child, name)


def texts(node: Node, name: str) -> list[str]:
    """Return the texts of all elements called *name* under *node*."""
    return [each.text.strip() for each in named(node, name)]


def _root(root: Node) -> Iterator[str]:
    if root.tag != _QUALIFIED + "NCIPMessage":
        yield f"the root is {root.name}, not NCIPMessage in the namespace of NCIP 2"
        return
    if _QUALIFIED + "version" not in root.attributes:
        yield "NCIPMessage: the attribute version is missing, or not in the namespace"
    if root.children and root.children[0].name == "Problem":
        yield from _element(ProblemMessage, root)
        return
    if len(root.children) != 1:
        yield f"NCIPMessage holds {len(root.children)} elements"
        return
    node = root.children[0]
    service = node.name.removesuffix("Response")
    if node.name in MESSAGES:
        yield from _element(MESSAGES[node.name], node)
    elif node.name.endswith("Response") and service in SERVICES and SERVICES[service].group is Group.NOTIFICATION:
        yield from _element(PlainResponse, node)
    else:
        yield f"{node.name} is no message of NCIP"


def _element(cls: type[Element], node: Node) -> Iterator[str]:
    """Hold a compound against its row of the table."""
    rows = {child.tag: child for child in cls.TABLE}
    order = {child.tag: place for place, child in enumerate(cls.TABLE)}
    seen: list[str] = []
    for sub in node.children:
        if sub.name == "Ext":  # what is there must be known by a schema: NCIP's own elements are
            yield from (f"Ext holds {own.name} of a namespace of its own" for own in sub.children if _foreign(own))
            continue
        child = rows.get(sub.name)
        if child is None or sub.tag != _QUALIFIED + sub.name:
            yield f"{node.name} holds {sub.name}, which it may not"
            continue
        if seen and order[sub.name] < order[seen[-1]]:
            yield f"{node.name}: {sub.name} stands after {seen[-1]}"
        if sub.name in seen and not child.repeats:
            yield f"{node.name}: {sub.name} stands there twice"
        seen.append(sub.name)
        yield from _child(child, sub)
    yield from (f"{node.name} lacks {child.tag}" for child in cls.TABLE if child.required and child.tag not in seen)
    letters = "".join(child.letter for child in cls.TABLE if child.letter and child.tag in seen)
    if not cls.fits(letters):
        yield f"{node.name} must hold ({cls.CHOICE})"


def _foreign(node: Node) -> bool:
    return not node.tag.startswith(_QUALIFIED)


def _child(child: Child, node: Node) -> Iterator[str]:
    if child.model is not None:
        yield from _element(child.model, node)
        return
    text = node.text.strip()
    if child.kind is Kind.PAIR and "Scheme" in node.attributes:
        yield f"{node.name}: the attribute Scheme is not in the namespace"
    if child.kind is Kind.DATE and not _DATE.fullmatch(text):
        yield f"{node.name}: {text!r} is no dateTime"
    if child.kind is Kind.INTEGER and not _NUMBER.fullmatch(text):
        yield f"{node.name}: {text!r} is no number"
    if child.kind is Kind.FLAG and (text or node.children):
        yield f"{node.name} is not empty"
