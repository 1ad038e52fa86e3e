"""What the tables give the tests: strategies for every type, and values in the form of the oracle (asn1tools)."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import asn1tools
from hypothesis import strategies as st

from protocols.z3950 import apdu, asn1, elements, rpn
from protocols.z3950.apdu import Pdu
from protocols.z3950.asn1 import Codec
from protocols.z3950.rpn import Boolean, BooleanOperator, Proximity
from protocols.z3950.schema import Choice, Sequence, alternative_of, codec_of, resolve, table

_ASN1 = Path(__file__).parents[3] / "conformance" / "z3950" / "z3950.asn"
STRING = resolve(asn1.InternationalString)[0]
_RECORD = codec_of(elements.NamePlusRecord)
_ENTRY = codec_of(apdu.Entry)
# The second spellings of some query types: read, but known to no other codec.
_NOT_IN_STANDARD = {"type_2_implicit", "type_100_implicit", "type_102_implicit"}
_ENCODING = ("single_asn1_type", "octet_aligned", "arbitrary")

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_ascii = st.text(st.characters(codec="ascii"), max_size=8)
# Beyond 2.39 the oracle is wrong; test_asn1 has such a one.
_oids = st.builds(
    lambda first, rest: ".".join(map(str, (*first, *rest))),
    st.one_of(st.tuples(st.integers(0, 1), st.integers(0, 39)), st.tuples(st.just(2), st.integers(0, 39))),
    st.lists(st.integers(0, 2**28), max_size=5),
)
_SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "BOOLEAN": st.booleans(),
    "INTEGER": st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 300),
    "BIT STRING": st.integers(0, 2**40),
    "OCTET STRING": st.binary(max_size=12) | st.binary(min_size=120, max_size=300),
    "NULL": st.just(True),
    "OBJECT IDENTIFIER": _oids,
    "ObjectDescriptor": _text,
    "GeneralizedTime": _ascii,
    "VisibleString": _ascii,
    "InternationalString": _text,
    "ANY": _text.map(STRING.encode),
}


def values(codec: Codec) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of *codec*."""
    if codec.item is not None:
        return st.lists(values(codec.item), max_size=2).map(tuple)
    if codec.cls is not None:
        return instances(codec.cls)
    if codec.name == "RPNStructure":
        return queries().map(rpn.encode)
    if codec.name == "NamePlusRecord":
        return instances(elements.NamePlusRecord).map(_RECORD.encode)
    if codec.name == "Entry":
        return instances(apdu.Entry).map(_ENTRY.encode)
    return _SIMPLE[codec.name]


def instances(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for the instances of a SEQUENCE or CHOICE."""
    if cls not in _INSTANCES:
        _INSTANCES[cls] = st.deferred(lambda: _instances(cls))
    return _INSTANCES[cls]


_INSTANCES: dict[type[Any], st.SearchStrategy[Any]] = {}


def _instances(cls: type[Any]) -> st.SearchStrategy[Any]:
    rows = [row for row in table(cls) if row.name not in _NOT_IN_STANDARD]
    if issubclass(cls, Choice):
        return st.one_of([st.builds(cls, **{row.name: values(row.codec)}) for row in rows])
    fields = {row.name: st.none() | values(row.codec) if row.optional else values(row.codec) for row in rows}
    if cls is elements.External:
        encodings = [fields.pop(name) for name in _ENCODING]
        made = [
            st.builds(cls, **fields, **{name: values(row.codec)}) for row in rows if (name := row.name) in _ENCODING
        ]
        assert len(made) == len(encodings)
        return st.one_of(made)
    return st.builds(cls, **fields)


def queries() -> st.SearchStrategy[Any]:
    """Return a strategy for trees of operands as they are sent."""
    operands = instances(elements.Operand)
    small = st.integers(1, 11)
    operators = st.sampled_from(BooleanOperator) | st.builds(
        Proximity, small, small, small, st.booleans(), st.booleans()
    )
    return st.recursive(operands, lambda inner: st.builds(Boolean, operators, inner, inner), max_leaves=4)


def pdus() -> st.SearchStrategy[Pdu]:
    """Return a strategy for all PDUs."""
    return st.one_of([instances(cls) for cls in Pdu.BY_IDENTIFIER.values()])


# The oracle


@functools.cache
def oracle() -> Any:
    """Return the codec that asn1tools makes of our ASN.1 text."""
    return asn1tools.compile_files(str(_ASN1), "ber")


ORACLE_NAMES = {
    "InitializeRequest": "initRequest",
    "InitializeResponse": "initResponse",
    "Segment": "segmentRequest",
}


def for_oracle(pdu: Pdu) -> tuple[str, Any]:
    """Return *pdu* as the oracle has it."""
    name = type(pdu).__name__
    return ORACLE_NAMES.get(name, name[0].lower() + name[1:]), _sequence(pdu)


def _sequence(value: Sequence) -> dict[str, Any]:
    made = {}
    for row in table(type(value)):
        part = getattr(value, row.name)
        if part is None:
            continue
        if isinstance(value, elements.External) and row.name in _ENCODING:
            made["encoding"] = (row.asn1_name, plain(row.codec, part))
        else:
            made[row.asn1_name] = plain(row.codec, part)
    return made


def plain(codec: Codec, value: Any) -> Any:
    """Return a value of *codec* as the oracle has it."""
    if isinstance(value, Sequence):
        return _sequence(value)
    if isinstance(value, Choice):
        name, part = alternative_of(value)
        row = next(row for row in table(type(value)) if row.name == name)
        return row.asn1_name, plain(row.codec, part)
    if codec.item is not None:
        return [plain(codec.item, item) for item in value]
    if codec.name == "ANY":
        return STRING.decode(value).encode()
    if codec.name == "RPNStructure":
        return _query(rpn.decode(value))
    if codec.name == "NamePlusRecord":
        return _sequence(_RECORD.decode(value))
    if codec.name == "Entry":
        return plain(_ENTRY, _ENTRY.decode(value))
    if codec.name == "NULL":
        return None
    if codec.name == "BIT STRING":
        return _bits(value)
    return value.encode() if isinstance(value, str) and codec.name != "OBJECT IDENTIFIER" else value


def _query(node: Any) -> tuple[str, Any]:
    if isinstance(node, Boolean):
        return "rpnRpnOp", {"rpn1": _query(node.left), "rpn2": _query(node.right), "op": _operator(node.operator)}
    name, part = alternative_of(node)
    row = next(row for row in table(elements.Operand) if row.name == name)
    return "op", (row.asn1_name, plain(row.codec, part))


def _operator(operator: rpn.Operator) -> tuple[str, Any]:
    if isinstance(operator, BooleanOperator):
        return operator.value, None
    return "prox", {
        "exclusion": operator.exclusion,
        "distance": operator.distance,
        "ordered": operator.ordered,
        "relationType": operator.relation,
        "proximityUnitCode": ("known", operator.unit),
    }


def _bits(value: int) -> tuple[bytes, int]:
    text = f"{value:b}"[::-1] if value else ""
    padded = text.ljust(-(-len(text) // 8) * 8, "0")
    return bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8)), len(text)
