"""Refusals of the catalogue in the words of SRU: one row for each Bib-1 condition that a search, a scan or a retrieval meets."""

from __future__ import annotations

from typing import Final

from protocols.sru.diagnostics import Condition, Diagnostic
from protocols.z3950.diagnostics import Bib1, Refused

CONDITIONS: Final[dict[Bib1, Condition]] = {
    Bib1.PERMANENT_SYSTEM_ERROR: Condition.GENERAL_SYSTEM_ERROR,
    Bib1.TEMPORARY_SYSTEM_ERROR: Condition.TEMPORARILY_UNAVAILABLE,
    Bib1.UNSUPPORTED_SEARCH: Condition.QUERY_FEATURE,
    Bib1.ONLY_STOP_WORDS: Condition.STOP_WORDS,
    Bib1.TOO_MANY_WORDS: Condition.CANNOT_PROCESS,
    Bib1.TOO_MANY_BOOLEANS: Condition.TOO_MANY_BOOLEANS,
    Bib1.TOO_MANY_TRUNCATED_WORDS: Condition.TOO_MANY_MASKS,
    Bib1.TRUNCATED_WORD_TOO_SHORT: Condition.MASKED_WORD_TOO_SHORT,
    Bib1.TOO_MANY_CHARACTERS: Condition.TERM_TOO_LONG,
    Bib1.TOO_MANY_RECORDS: Condition.TOO_MANY_RECORDS,
    Bib1.PRESENT_OUT_OF_RANGE: Condition.FIRST_RECORD_OUT_OF_RANGE,
    Bib1.PRESENT_SYSTEM_ERROR: Condition.RETRIEVAL_ERROR,
    Bib1.RECORD_NOT_AUTHORIZED: Condition.NOT_AUTHORISED,
    Bib1.RESULT_SET_DELETED_BY_TARGET: Condition.RESULT_SET_UNAVAILABLE,
    Bib1.RESULT_SET_DOES_NOT_EXIST: Condition.RESULT_SET_DOES_NOT_EXIST,
    Bib1.RESOURCES_EXHAUSTED_NONE: Condition.CANNOT_PROCESS,
    Bib1.QUERY_TYPE: Condition.QUERY_TYPE,
    Bib1.MALFORMED_QUERY: Condition.QUERY_SYNTAX,
    Bib1.DATABASE_UNAVAILABLE: Condition.DATABASE_DOES_NOT_EXIST,
    Bib1.OPERATOR: Condition.BOOLEAN_OPERATOR,
    Bib1.TOO_MANY_DATABASES: Condition.DATABASE_DOES_NOT_EXIST,
    Bib1.USE_ATTRIBUTE: Condition.INDEX,
    Bib1.USE_TERM_VALUE: Condition.TERM_FORMAT,
    Bib1.RELATION_ATTRIBUTE: Condition.RELATION,
    Bib1.STRUCTURE_ATTRIBUTE: Condition.RELATION,
    Bib1.POSITION_ATTRIBUTE: Condition.ANCHOR,
    Bib1.TRUNCATION_ATTRIBUTE: Condition.MASKING_CHARACTER,
    Bib1.ATTRIBUTE_SET: Condition.CONTEXT_SET,
    Bib1.COMPLETENESS_ATTRIBUTE: Condition.RELATION,
    Bib1.ATTRIBUTE_COMBINATION: Condition.RELATION_AND_INDEX,
    Bib1.MALFORMED_TERM: Condition.EMPTY_TERM,
    Bib1.ILLEGAL_TERM_VALUE: Condition.TERM_FORMAT,
    Bib1.UNPARSABLE_TERM: Condition.TERM_FORMAT,
    Bib1.PROXIMITY_OF_SETS: Condition.PROXIMITY,
    Bib1.ILLEGAL_PROXIMITY_OF_SETS: Condition.PROXIMITY,
    Bib1.PROXIMITY_RELATION: Condition.PROXIMITY_RELATION,
    Bib1.PROXIMITY_UNIT: Condition.PROXIMITY_UNIT,
    Bib1.PROXIMITY_COMBINATION: Condition.PROXIMITY_COMBINATION,
    Bib1.PROXIMITY_DISTANCE: Condition.PROXIMITY_DISTANCE,
    Bib1.ORDERED_PROXIMITY: Condition.PROXIMITY_ORDER,
    Bib1.SORT_SEQUENCE: Condition.SORT_SEQUENCE,
    Bib1.TOO_MANY_SORT_KEYS: Condition.TOO_MANY_SORT_KEYS,
    Bib1.DUPLICATE_SORT_KEYS: Condition.DUPLICATE_SORT_KEYS,
    Bib1.TOO_MANY_INDEX_TERMS: Condition.CANNOT_PROCESS,
    Bib1.SCAN_TERM_LIST: Condition.INDEX,
    Bib1.SCAN_TOO_MANY_TERMS: Condition.TOO_MANY_TERMS,
    Bib1.SCAN_POSITION: Condition.RESPONSE_POSITION,
    Bib1.DATABASE_DOES_NOT_EXIST: Condition.DATABASE_DOES_NOT_EXIST,
    Bib1.DATABASE_ACCESS_DENIED: Condition.AUTHENTICATION,
    Bib1.RECORD_NOT_IN_SYNTAX: Condition.NOT_IN_SCHEMA,
    Bib1.RECORD_SYNTAX: Condition.UNKNOWN_SCHEMA,
    Bib1.RECORD_DELETED: Condition.RECORD_DOES_NOT_EXIST,
    Bib1.SCHEMA: Condition.UNKNOWN_SCHEMA,
    Bib1.TERM_CHARACTERS: Condition.TERM_FORMAT,
}
"""Bib-1 condition -> condition of SRU."""


def translated(refused: Refused) -> Diagnostic:
    """Return a refusal as SRU tells it; a condition that SRU has no word for is told with Bib-1's."""
    condition = CONDITIONS.get(refused.condition)
    if condition is None:
        return Diagnostic(Condition.CANNOT_PROCESS, str(refused))
    return Diagnostic(condition, refused.addinfo)
