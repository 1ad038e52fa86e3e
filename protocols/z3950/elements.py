"""What the PDUs are made of: EXTERNAL, OtherInformation, diagnostics, attributes and terms, records, negotiation.

The names are those of the ASN.1 modules of ANSI/NISO Z39.50-2003 (appendices ASN.1, DIAG, USR), in Python's case.
"""

from __future__ import annotations

from typing import Annotated, Final

from protocols.z3950.asn1 import (
    AnyType,
    BitString,
    Boolean,
    GeneralizedTime,
    Integer,
    InternationalString,
    Null,
    ObjectDescriptor,
    ObjectIdentifier,
    OctetString,
    VisibleString,
    encoded,
)
from protocols.z3950.schema import SECRET, Choice, Explicit, Sequence

DatabaseName = Annotated[InternationalString, 105]
ElementSetName = Annotated[InternationalString, 103]
ResultSetId = Annotated[InternationalString, 31]


class External(Sequence, universal=8):
    """EXTERNAL in its form of 1988 (X.690 8.18): a value with the name of its type. One of the last three is there."""

    direct_reference: Annotated[ObjectIdentifier | None, "direct-reference"] = None
    indirect_reference: Annotated[Integer | None, "indirect-reference"] = None
    data_value_descriptor: Annotated[ObjectDescriptor | None, "data-value-descriptor"] = None
    single_asn1_type: Annotated[AnyType | None, 0, "single-ASN1-type"] = None
    octet_aligned: Annotated[OctetString | None, 1, "octet-aligned"] = None
    arbitrary: Annotated[BitString | None, 2] = None


class StringOrNumeric(Choice):
    """A name or a number."""

    string: Annotated[InternationalString | None, 1] = None
    numeric: Annotated[Integer | None, 2] = None


class Unit(Sequence):
    """A unit of measure."""

    unit_system: Annotated[InternationalString | None, Explicit(1)] = None
    unit_type: Annotated[StringOrNumeric | None, 2] = None
    unit: Annotated[StringOrNumeric | None, 3] = None
    scale_factor: Annotated[Integer | None, 4] = None


class IntUnit(Sequence):
    """A whole number of a unit."""

    value: Annotated[Integer, 1]
    unit_used: Annotated[Unit, 2]


class InfoCategory(Sequence):
    """What a unit of OtherInformation is about."""

    category_type_id: Annotated[ObjectIdentifier | None, 1] = None
    category_value: Annotated[Integer, 2]


class Information(Choice):
    """What a unit of OtherInformation says."""

    character_info: Annotated[InternationalString | None, 2] = None
    binary_info: Annotated[OctetString | None, 3] = None
    externally_defined_info: Annotated[External | None, 4] = None
    oid: Annotated[ObjectIdentifier | None, 5] = None


class OtherInformationUnit(Sequence):
    """One unit of OtherInformation; a category that is not known is passed over."""

    category: Annotated[InfoCategory | None, 1] = None
    information: Information


OtherInformation = Annotated[tuple[OtherInformationUnit, ...], 201]


# Diagnostics


class AddInfo(Choice):
    """What a diagnostic adds; an association of version 2 knows the first only."""

    v2_addinfo: VisibleString | None = None
    v3_addinfo: InternationalString | None = None


class DefaultDiagFormat(Sequence):
    """A condition of a diagnostic set."""

    diagnostic_set_id: ObjectIdentifier
    condition: Integer
    addinfo: AddInfo


class DiagRec(Choice):
    """A diagnostic record."""

    default_format: DefaultDiagFormat | None = None
    externally_defined: External | None = None


class Diagnostic(Choice):
    """A diagnostic of the format diag-1."""

    default_diag_rec: Annotated[DefaultDiagFormat | None, 1] = None
    explicit_diagnostic: Annotated[AnyType | None, 2] = None


class DiagnosticEntry(Sequence):
    """One entry of DiagnosticFormat, which is a SEQUENCE OF them (diag-1)."""

    diagnostic: Annotated[Diagnostic | None, 1] = None
    message: Annotated[InternationalString | None, 2] = None


# Attributes, terms and the operands of a query


class ComplexAttribute(Sequence):
    """An attribute value that is a list."""

    list_: Annotated[tuple[StringOrNumeric, ...], 1, "list"]
    semantic_action: Annotated[tuple[Integer, ...] | None, 2] = None


class AttributeValue(Choice):
    """The value of an attribute."""

    numeric: Annotated[Integer | None, 121] = None
    complex: Annotated[ComplexAttribute | None, 224] = None


class AttributeElement(Sequence):
    """One attribute of an operand."""

    attribute_set: Annotated[ObjectIdentifier | None, 1] = None
    attribute_type: Annotated[Integer, 120]
    attribute_value: AttributeValue


AttributeList = Annotated[tuple[AttributeElement, ...], 44]


class Term(Choice):
    """What is looked for."""

    general: Annotated[OctetString | None, 45] = None
    numeric: Annotated[Integer | None, 215] = None
    character_string: Annotated[InternationalString | None, 216] = None
    oid: Annotated[ObjectIdentifier | None, 217] = None
    date_time: Annotated[GeneralizedTime | None, 218] = None
    external: Annotated[External | None, 219] = None
    integer_and_unit: Annotated[IntUnit | None, 220] = None
    null: Annotated[Null | None, 221] = None


class AttributesPlusTerm(Sequence):
    """A term, and how it is meant."""

    attributes: AttributeList
    term: Term


class ResultSetPlusAttributes(Sequence):
    """A result set, restricted by attributes."""

    result_set: ResultSetId
    attributes: AttributeList


class Operand(Choice):
    """A leaf of a type-1 query."""

    attr_term: Annotated[AttributesPlusTerm | None, 102] = None
    result_set: ResultSetId | None = None
    result_attr: Annotated[ResultSetPlusAttributes | None, 214] = None


class ProximityUnitCode(Choice):
    """In what a distance is counted."""

    known: Annotated[Integer | None, 1] = None
    private: Annotated[Integer | None, 2] = None


class ProximityOperator(Sequence):
    """How near to each other two operands stand."""

    exclusion: Annotated[Boolean | None, 1] = None
    distance: Annotated[Integer, 2]
    ordered: Annotated[Boolean, 3]
    relation_type: Annotated[Integer, 4]
    proximity_unit_code: Annotated[ProximityUnitCode, 5]


class Operator(Choice):
    """What joins two operands."""

    and_: Annotated[Null | None, 0, "and"] = None
    or_: Annotated[Null | None, 1, "or"] = None
    and_not: Annotated[Null | None, 2, "and-not"] = None
    prox: Annotated[ProximityOperator | None, 3] = None


RPNStructure: Final = encoded("RPNStructure", 0xA0, 0xA1)
"""CHOICE { op [0] Operand, rpnRpnOp [1] { rpn1 RPNStructure, rpn2 RPNStructure, op [46] Operator } }: it holds itself
as deep as the origin likes, so it stays encoded here, and `rpn` reads it without recursion."""


class RPNQuery(Sequence):
    """A query of type 1 or 101."""

    attribute_set: ObjectIdentifier
    rpn: Annotated[bytes, RPNStructure]


class Query(Choice):
    """A query. Of types 2, 100 and 102 both spellings are read: the tag is explicit by the module, implicit by habit."""

    type_0: Annotated[AnyType | None, 0, "type-0"] = None
    type_1: Annotated[RPNQuery | None, 1, "type-1"] = None
    type_2: Annotated[OctetString | None, Explicit(2), "type-2"] = None
    type_2_implicit: Annotated[OctetString | None, 2, "type-2-implicit"] = None
    type_100: Annotated[OctetString | None, Explicit(100), "type-100"] = None
    type_100_implicit: Annotated[OctetString | None, 100, "type-100-implicit"] = None
    type_101: Annotated[RPNQuery | None, 101, "type-101"] = None
    type_102: Annotated[OctetString | None, Explicit(102), "type-102"] = None
    type_102_implicit: Annotated[OctetString | None, 102, "type-102-implicit"] = None
    type_104: Annotated[External | None, 104, "type-104"] = None


# Records and how they are asked for


class FragmentSyntax(Choice):
    """A piece of a record."""

    externally_tagged: External | None = None
    not_externally_tagged: OctetString | None = None


class Record(Choice):
    """A record, or why there is none."""

    retrieval_record: Annotated[External | None, Explicit(1)] = None
    surrogate_diagnostic: Annotated[DiagRec | None, 2] = None
    starting_fragment: Annotated[FragmentSyntax | None, 3] = None
    intermediate_fragment: Annotated[FragmentSyntax | None, 4] = None
    final_fragment: Annotated[FragmentSyntax | None, 5] = None


class NamePlusRecord(Sequence):
    """A record with the name of its database."""

    name: Annotated[InternationalString | None, 0] = None
    record: Annotated[Record, 1]


EncodedRecord = Annotated[bytes, encoded("NamePlusRecord", 0x30)]
"""A whole NamePlusRecord: a response carries many, made by `records.retrieval_record` and read by who wants them."""


class Records(Choice):
    """What a response carries."""

    response_records: Annotated[tuple[EncodedRecord, ...] | None, 28] = None
    non_surrogate_diagnostic: Annotated[DefaultDiagFormat | None, 130] = None
    multiple_non_sur_diagnostics: Annotated[tuple[DiagRec, ...] | None, 205] = None


class DatabaseSpecificElementSetName(Sequence):
    """An element set name for one database."""

    db_name: DatabaseName
    esn: ElementSetName


class ElementSetNames(Choice):
    """How much of a record is wanted."""

    generic_element_set_name: Annotated[InternationalString | None, 0] = None
    database_specific: Annotated[tuple[DatabaseSpecificElementSetName, ...] | None, 1] = None


class Schema(Choice):
    """A schema, by its object identifier or another name."""

    oid: Annotated[ObjectIdentifier | None, 1] = None
    uri: Annotated[InternationalString | None, 300] = None


class ElementSpec(Choice):
    """Which elements of a schema are wanted."""

    element_set_name: Annotated[InternationalString | None, 1] = None
    external_espec: Annotated[External | None, 2] = None


class Specification(Sequence):
    """A schema and the elements wanted of it."""

    schema: Schema | None = None
    element_spec: Annotated[ElementSpec | None, 2] = None


class DatabaseSpecification(Sequence):
    """A Specification for one database."""

    db: Annotated[DatabaseName, Explicit(1)]
    spec: Annotated[Specification, 2]


class CompSpec(Sequence):
    """What is wanted of a record, and in which syntaxes."""

    select_alternative_syntax: Annotated[Boolean, 1]
    generic: Annotated[Specification | None, 2] = None
    db_specific: Annotated[tuple[DatabaseSpecification, ...] | None, 3] = None
    record_syntax: Annotated[tuple[ObjectIdentifier, ...] | None, 4] = None


class RecordComposition(Choice):
    """What is wanted of a record."""

    simple: Annotated[ElementSetNames | None, 19] = None
    complex: Annotated[CompSpec | None, 209] = None


class Range(Sequence):
    """A run of positions in a result set."""

    starting_position: Annotated[Integer, 1]
    number_of_records: Annotated[Integer, 2]


# Identity, and negotiation of characters (1.2.840.10003.15.3)


class IdPass(Sequence):
    """Group, user and password."""

    group_id: Annotated[InternationalString | None, 0] = None
    user_id: Annotated[InternationalString | None, 1] = None
    password: Annotated[InternationalString | None, 2, SECRET] = None


class IdAuthentication(Choice):
    """Who the origin says it is; *open* is by habit "user/password", and some send it as an InternationalString."""

    open: Annotated[VisibleString | None, SECRET] = None
    open_international: Annotated[InternationalString | None, SECRET] = None
    id_pass: IdPass | None = None
    anonymous: Null | None = None
    other: Annotated[External | None, SECRET] = None


class Iso10646(Sequence):
    """A subset and an encoding of ISO 10646."""

    collections: Annotated[ObjectIdentifier | None, 1] = None
    encoding_level: Annotated[ObjectIdentifier, 2]


class InitialSet(Sequence):
    """The sets that are in force at the beginning."""

    g0: Annotated[Integer | None, 0] = None
    g1: Annotated[Integer | None, 1] = None
    g2: Annotated[Integer | None, 2] = None
    g3: Annotated[Integer | None, 3] = None
    c0: Annotated[Integer, 4]
    c1: Annotated[Integer | None, 5] = None


class LeftAndRight(Sequence):
    """Which of them are the left and the right half."""

    g_left: Annotated[Integer, 3]
    g_right: Annotated[Integer | None, 4] = None


class Iso2022Proposal(Sequence):
    """Sets of ISO 2022, by their numbers in the international register."""

    proposed_environment: Annotated[AnyType | None, 0] = None
    proposed_sets: Annotated[tuple[Integer, ...], 1]
    proposed_initial_sets: Annotated[tuple[InitialSet, ...], 2]
    proposed_left_and_right: Annotated[LeftAndRight, 3]


class Iso2022Response(Sequence):
    """Those that were chosen."""

    selected_environment: Annotated[AnyType | None, 0] = None
    selected_sets: Annotated[tuple[Integer, ...], 1]
    selected_initial_set: Annotated[InitialSet, 2, "selectedinitialSet"]
    selected_left_and_right: Annotated[LeftAndRight, 3]


class Iso2022(Choice):
    """Sets of ISO 2022, proposed or selected."""

    origin_proposal: Annotated[Iso2022Proposal | None, 1] = None
    target_response: Annotated[Iso2022Response | None, 2] = None


class PrivateCharacterSet(Choice):
    """A set by agreement; YAZ's clients put the usual name of one into *externally_specified*."""

    via_oid: Annotated[tuple[ObjectIdentifier, ...] | None, 1] = None
    externally_specified: Annotated[External | None, 2] = None
    previously_agreed_upon: Annotated[Null | None, 3] = None


class CharacterSet(Choice):
    """A character set, proposed or selected: an `Iso2022` or `PrivateCharacterSet` that cannot be read hides none beside it."""

    iso2022: Annotated[AnyType | None, 1] = None
    iso10646: Annotated[Iso10646 | None, 2] = None
    private: Annotated[AnyType | None, 3] = None
    none: Annotated[Null | None, 4] = None


class OriginProposal(Sequence):
    """What the origin can read."""

    proposed_char_sets: Annotated[tuple[CharacterSet, ...] | None, 1] = None
    proposed_languages: Annotated[tuple[InternationalString, ...] | None, 2, "proposedlanguages"] = None
    records_in_selected_char_sets: Annotated[Boolean | None, 3] = None


class TargetResponse(Sequence):
    """What the target chose."""

    selected_char_sets: Annotated[CharacterSet | None, 1] = None
    selected_language: Annotated[InternationalString | None, 2] = None
    records_in_selected_char_sets: Annotated[Boolean | None, 3] = None


class CharSetAndLanguageNegotiation(Choice):
    """The negotiation of characters and language in an Init."""

    proposal: Annotated[OriginProposal | None, 1] = None
    response: Annotated[TargetResponse | None, 2] = None
