"""The SRU diagnostic set (info:srw/diagnostic/1), one row a condition: number, what it means, what its details hold."""

from __future__ import annotations

import enum
from typing import Final, NamedTuple, Self

URI: Final = "info:srw/diagnostic/1/"
"""What stands before the number of a condition."""


class Condition(enum.IntEnum):
    """A condition of the set."""

    meaning: str
    details: str

    def __new__(cls, code: int, meaning: str, details: str = "") -> Self:
        """Make the member numbered *code*."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        made.details = details
        return made

    GENERAL_SYSTEM_ERROR = 1, "system error", "cause"
    TEMPORARILY_UNAVAILABLE = 2, "system temporarily unavailable", "cause"
    AUTHENTICATION = 3, "authentication error", "why"
    UNSUPPORTED_OPERATION = 4, "operation not supported", "the operation"
    UNSUPPORTED_VERSION = 5, "version not supported", "the highest version supported"
    PARAMETER_VALUE = 6, "value of a parameter not supported", "the parameter"
    MANDATORY_PARAMETER = 7, "a mandatory parameter is missing", "the parameter"
    UNSUPPORTED_PARAMETER = 8, "parameter not supported", "the parameter"
    PARAMETER_COMBINATION = 9, "parameters not supported together", "the parameters"
    QUERY_SYNTAX = 10, "syntax error in the query", "what is wrong and where"
    QUERY_TYPE = 11, "type of query not supported", "the type"
    QUERY_TOO_LONG = 12, "too many characters in the query", "how many are allowed"
    PARENTHESES = 13, "wrong use of parentheses", "where"
    QUOTES = 14, "wrong use of quotes", "where"
    CONTEXT_SET = 15, "context set not supported", "its identifier or prefix, and those there are"
    INDEX = 16, "index not supported", "the index and where, and those of its set"
    INDEX_COMBINATION = 18, "indexes not supported together", "the indexes"
    RELATION = 19, "relation not supported", "the relation"
    RELATION_MODIFIER = 20, "relation modifier not supported", "the modifier"
    RELATION_MODIFIER_COMBINATION = 21, "relation modifiers not supported together", "the modifiers"
    RELATION_AND_INDEX = 22, "relation not supported for this index", "relation and index"
    TERM_TOO_LONG = 23, "too many characters in a term", "how many are allowed"
    RELATION_AND_TERM = 24, "relation not supported for this term", "relation and term"
    ESCAPED_CHARACTER = 26, "a character is escaped that is not special", "the character and where"
    EMPTY_TERM = 27, "empty terms are not supported", "where"
    MASKING_CHARACTER = 28, "masking character not supported", "the character"
    MASKED_WORD_TOO_SHORT = 29, "masked words too short", "the fewest characters"
    TOO_MANY_MASKS = 30, "too many masking characters in a term", "how many are allowed"
    ANCHOR = 31, "anchoring not supported", "the term"
    ANCHOR_POSITION = 32, "anchor in a position where it is not supported", "the term"
    STOP_WORDS = 35, "the term is stop words only", "the term"
    TERM_FORMAT = 36, "term in a form that its index or relation does not take", "the term"
    BOOLEAN_OPERATOR = 37, "Boolean operator not supported", "the operator"
    TOO_MANY_BOOLEANS = 38, "too many Boolean operators", "how many are allowed"
    PROXIMITY = 39, "proximity not supported"
    PROXIMITY_RELATION = 40, "proximity relation not supported", "the relation"
    PROXIMITY_DISTANCE = 41, "proximity distance not supported", "the distance"
    PROXIMITY_UNIT = 42, "proximity unit not supported", "the unit"
    PROXIMITY_ORDER = 43, "proximity ordering not supported", "the ordering"
    PROXIMITY_COMBINATION = 44, "proximity modifiers not supported together", "the modifiers"
    BOOLEAN_MODIFIER = 46, "Boolean modifier not supported", "the modifier"
    CANNOT_PROCESS = 47, "the query cannot be processed", "why"
    QUERY_FEATURE = 48, "part of the query not supported", "the part"
    MASK_POSITION = 49, "masking character in a position where it is not supported", "the term"
    RESULT_SETS = 50, "result sets not supported"
    RESULT_SET_DOES_NOT_EXIST = 51, "no such result set", "its identifier"
    RESULT_SET_UNAVAILABLE = 52, "result set temporarily unavailable", "its identifier"
    RESULT_SET_PARTIAL = 59, "result set with a valid part of the results", "why"
    TOO_MANY_RECORDS = 60, "no result set: too many records match", "how many are allowed"
    FIRST_RECORD_OUT_OF_RANGE = 61, "first record position out of range", "how many records there are"
    NEGATIVE_RECORDS = 62, "negative number of records requested"
    RETRIEVAL_ERROR = 63, "system error in retrieving records", "cause"
    RECORD_UNAVAILABLE = 64, "record temporarily unavailable"
    RECORD_DOES_NOT_EXIST = 65, "record does not exist"
    UNKNOWN_SCHEMA = 66, "unknown record schema", "the schema"
    NOT_IN_SCHEMA = 67, "record not available in this schema", "the schema"
    NOT_AUTHORISED = 68, "not authorised to send the record"
    RECORD_TOO_LARGE = 70, "record too large to send", "its size"
    RECORD_PACKING = 71, "record packing or escaping not supported", "the value"
    XPATH = 72, "retrieval by XPath not supported"
    SORT = 80, "sort not supported", "the keys"
    SORT_SEQUENCE = 82, "sort sequence not supported", "the sequence"
    TOO_MANY_TO_SORT = 83, "too many records to sort", "how many are allowed"
    TOO_MANY_SORT_KEYS = 84, "too many sort keys", "how many are allowed"
    DUPLICATE_SORT_KEYS = 85, "a sort key stands twice", "the key"
    SORT_SCHEMA = 87, "schema of a sort key not supported", "the schema"
    SORT_PATH = 88, "path of a sort key not supported", "the path"
    SORT_DIRECTION = 90, "sort direction not supported", "the direction"
    SORT_CASE = 91, "case value of a sort not supported", "the value"
    SORT_MISSING = 92, "missing value action of a sort not supported", "the action"
    SORT_TWICE = 94, "sort keys both in the query and beside it: the query prevails"
    EXPLAIN_REQUEST = 101, "explain request not supported"
    STYLESHEETS = 110, "stylesheets not supported", "the stylesheet"
    STYLESHEET = 111, "stylesheet not supported", "the stylesheet"
    RESPONSE_POSITION = 120, "response position out of range", "the position"
    TOO_MANY_TERMS = 121, "too many terms requested", "how many are allowed"
    DATABASE_DOES_NOT_EXIST = 235, "database does not exist", "its name"


class Diagnostic(NamedTuple):
    """A condition as a response tells it."""

    condition: Condition
    details: str = ""


class Refused(Exception):
    """A request, or a part of it, that is answered by a diagnostic."""

    def __init__(self, condition: Condition, details: object = "") -> None:
        super().__init__(condition, details)
        self.diagnostic = Diagnostic(condition, str(details))

    def __str__(self) -> str:
        condition, details = self.diagnostic
        return f"{condition.value} {condition.meaning}" + (f" ({details})" if details else "")
