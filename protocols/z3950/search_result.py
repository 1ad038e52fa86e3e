"""What a search tells of itself beside its records: searchResult-1 (1.2.840.10003.10.1, Z39.50 appendix USR)."""

from __future__ import annotations

from typing import Annotated, Final

from protocols.z3950 import oids
from protocols.z3950.asn1 import Boolean, Integer, InternationalString, sequence_of
from protocols.z3950.elements import External, Information, OtherInformationUnit, Query, Term
from protocols.z3950.schema import Choice, Sequence, codec_of


class QueryExpressionTerm(Sequence):
    """A term, and what is said of it."""

    query_term: Annotated[Term, 1]
    term_comment: Annotated[InternationalString | None, 2] = None


class QueryExpression(Choice):
    """A part of a query."""

    term: Annotated[QueryExpressionTerm | None, 1] = None
    query: Annotated[Query | None, 2] = None


class SubqueryReport(Sequence):
    """What a part of a query, or all of it, was, how it was understood, and what it finds."""

    subquery_id: Annotated[InternationalString | None, 1] = None
    full_query: Annotated[Boolean, 2]
    subquery_expression: Annotated[QueryExpression | None, 3] = None
    subquery_interpretation: Annotated[QueryExpression | None, 4] = None
    subquery_recommendation: Annotated[QueryExpression | None, 5] = None
    subquery_count: Annotated[Integer | None, 6] = None


_REPORTS: Final = sequence_of(codec_of(SubqueryReport))


def full_report(understood: str, notes: str, count: int) -> SubqueryReport:
    """Return what is told of a query that was understood in another way than it was meant."""
    term = QueryExpressionTerm(query_term=Term(general=understood.encode()), term_comment=notes)
    return SubqueryReport(full_query=True, subquery_interpretation=QueryExpression(term=term), subquery_count=count)


def term_report(number: int, term: bytes, count: int) -> SubqueryReport:
    """Return what is told of the term that stands at a place of the query, from 1 on."""
    expression = QueryExpression(term=QueryExpressionTerm(query_term=Term(general=term)))
    return SubqueryReport(
        subquery_id=str(number), full_query=False, subquery_expression=expression, subquery_count=count
    )


def search_info(reports: tuple[SubqueryReport, ...]) -> tuple[OtherInformationUnit, ...]:
    """Return reports as additionalSearchInfo."""
    told = External(direct_reference=oids.SEARCH_RESULT_1, single_asn1_type=_REPORTS.encode(reports))
    return (OtherInformationUnit(information=Information(externally_defined_info=told)),)


def read_search_info(info: tuple[OtherInformationUnit, ...] | None) -> tuple[SubqueryReport, ...]:
    """Return the reports that additionalSearchInfo holds. Raises MalformedPdu."""
    for unit in info or ():
        told = unit.information.externally_defined_info
        if told is not None and told.direct_reference == oids.SEARCH_RESULT_1 and told.single_asn1_type is not None:
            reports: tuple[SubqueryReport, ...] = _REPORTS.decode(told.single_asn1_type)
            return reports
    return ()


def wanted(info: tuple[OtherInformationUnit, ...] | None) -> bool:
    """Tell whether an origin asks what each of its terms finds, by naming searchResult-1 in its request."""
    for unit in info or ():
        told, oid = unit.information.externally_defined_info, unit.information.oid
        if oid == oids.SEARCH_RESULT_1 or (told is not None and told.direct_reference == oids.SEARCH_RESULT_1):
            return True
    return False
