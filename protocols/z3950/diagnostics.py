"""The Bib-1 diagnostic set (1.2.840.10003.4.1), one row a condition: number, what it means, what its addinfo holds.

A refusal is raised as `Refused` wherever it is found out and becomes a DefaultDiagFormat where the response is made.
"""

from __future__ import annotations

import enum
import unicodedata
from typing import Self

from protocols.z3950 import oids
from protocols.z3950.elements import AddInfo, DefaultDiagFormat


class Bib1(enum.IntEnum):
    """A condition of the Bib-1 diagnostic set."""

    meaning: str
    addinfo: str

    def __new__(cls, code: int, meaning: str, addinfo: str = "") -> Self:
        """Make the member numbered *code*."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        made.addinfo = addinfo
        return made

    PERMANENT_SYSTEM_ERROR = 1, "permanent system error", "cause"
    TEMPORARY_SYSTEM_ERROR = 2, "temporary system error", "cause"
    UNSUPPORTED_SEARCH = 3, "search not supported", "what part of it"
    ONLY_STOP_WORDS = 4, "the terms are stop words only", "the words"
    TOO_MANY_WORDS = 5, "too many words", "how many are allowed"
    TOO_MANY_BOOLEANS = 6, "too many Boolean operators", "how many are allowed"
    TOO_MANY_TRUNCATED_WORDS = 7, "too many truncated words", "how many are allowed"
    TOO_MANY_INCOMPLETE_SUBFIELDS = 8, "too many incomplete subfields", "how many are allowed"
    TRUNCATED_WORD_TOO_SHORT = 9, "truncated word too short", "the fewest characters allowed"
    INVALID_RECORD_NUMBER = 10, "not the form of a record number", "the term"
    TOO_MANY_CHARACTERS = 11, "too many characters in the search", "how many are allowed"
    TOO_MANY_RECORDS = 12, "too many records retrieved", "how many are allowed"
    PRESENT_OUT_OF_RANGE = 13, "Present asks for records beyond the result set", "the first position beyond"
    PRESENT_SYSTEM_ERROR = 14, "this record cannot be presented", "cause"
    RECORD_NOT_AUTHORIZED = 15, "this record may not be sent to you"
    RECORD_EXCEEDS_PREFERRED_SIZE = 16, "record exceeds the preferred message size", "its size in octets"
    RECORD_EXCEEDS_EXCEPTIONAL_SIZE = 17, "record exceeds the exceptional record size", "its size in octets"
    RESULT_SET_AS_TERM = 18, "result set not supported as an operand"
    ONLY_SINGLE_RESULT_SET_AS_TERM = 19, "only a single result set is supported as an operand"
    ONLY_ANDING_OF_RESULT_SET = 20, "a result set can only be ANDed"
    RESULT_SET_EXISTS = 21, "the result set exists and may not be replaced", "its name"
    RESULT_SET_NAMING = 22, "naming of result sets not supported", "the name"
    DATABASE_COMBINATION = 23, "these databases cannot be searched together", "their names"
    ELEMENT_SET_NAMES = 24, "element set names not supported", "the name"
    ELEMENT_SET_NAME_NOT_VALID = 25, "no such element set in this database", "the name"
    ONLY_GENERIC_ELEMENT_SET_NAME = 26, "only the generic form of element set names is supported"
    RESULT_SET_DELETED_BY_TARGET = 27, "the target deleted this result set", "why"
    RESULT_SET_IN_USE = 28, "the result set is in use", "its name"
    DATABASE_LOCKED = 29, "a database is locked", "its name"
    RESULT_SET_DOES_NOT_EXIST = 30, "no such result set", "the name"
    RESOURCES_EXHAUSTED_NONE = 31, "resources exhausted, no results", "which resource"
    RESOURCES_EXHAUSTED_UNPREDICTABLE = 32, "resources exhausted, unpredictable part of the results", "which resource"
    RESOURCES_EXHAUSTED_SUBSET = 33, "resources exhausted, valid part of the results", "which resource"
    UNSPECIFIED_ERROR = 100, "unspecified error", "what happened"
    ACCESS_CONTROL_FAILURE = 101, "access control failed", "why"
    CHALLENGE_REQUIRED = 102, "a challenge was needed and could not be issued: operation ended"
    CHALLENGE_NOT_ISSUED_RECORD = 103, "a challenge was needed and could not be issued: record left out"
    CHALLENGE_FAILED_RECORD = 104, "a challenge failed: record left out"
    TERMINATED_BY_ORIGIN = 105, "ended as the origin wished"
    NO_ABSTRACT_SYNTAXES = 106, "no abstract syntax agreed for this record"
    QUERY_TYPE = 107, "query type not supported", "the type"
    MALFORMED_QUERY = 108, "malformed query", "what is wrong with it"
    DATABASE_UNAVAILABLE = 109, "database unavailable", "its name"
    OPERATOR = 110, "operator not supported", "the operator"
    TOO_MANY_DATABASES = 111, "too many databases", "how many are allowed"
    TOO_MANY_RESULT_SETS = 112, "too many result sets", "how many are allowed"
    ATTRIBUTE_TYPE = 113, "attribute type not supported", "the type"
    USE_ATTRIBUTE = 114, "Use attribute not supported", "the value"
    USE_TERM_VALUE = 115, "term value not supported for this Use attribute", "the term"
    USE_REQUIRED = 116, "a Use attribute is required"
    RELATION_ATTRIBUTE = 117, "Relation attribute not supported", "the value"
    STRUCTURE_ATTRIBUTE = 118, "Structure attribute not supported", "the value"
    POSITION_ATTRIBUTE = 119, "Position attribute not supported", "the value"
    TRUNCATION_ATTRIBUTE = 120, "Truncation attribute not supported", "the value"
    ATTRIBUTE_SET = 121, "attribute set not supported", "its object identifier"
    COMPLETENESS_ATTRIBUTE = 122, "Completeness attribute not supported", "the value"
    ATTRIBUTE_COMBINATION = 123, "attributes not supported together", "the attributes"
    CODED_VALUE = 124, "coded value not supported for this term", "the value"
    MALFORMED_TERM = 125, "malformed search term", "the term"
    ILLEGAL_TERM_VALUE = 126, "illegal value for this kind of term", "the term"
    UNPARSABLE_TERM = 127, "un-normalized value cannot be parsed", "the term"
    ILLEGAL_RESULT_SET_NAME = 128, "illegal result set name", "the name"
    PROXIMITY_OF_SETS = 129, "proximity search of result sets not supported"
    ILLEGAL_PROXIMITY_OF_SETS = 130, "illegal result set in a proximity search", "its name"
    PROXIMITY_RELATION = 131, "proximity relation not supported", "the relation"
    PROXIMITY_UNIT = 132, "proximity unit not supported", "the unit"
    PROXIMITY_COMBINATION = 201, "proximity not supported with this attribute combination", "the attributes"
    PROXIMITY_DISTANCE = 202, "proximity distance not supported", "the distance"
    ORDERED_PROXIMITY = 203, "ordered flag of proximity not supported"
    ONLY_ZERO_STEP_SIZE = 205, "only step size zero is supported in Scan"
    STEP_SIZE = 206, "step size not supported in Scan", "the size"
    SORT_SEQUENCE = 207, "cannot sort by this sequence", "the sequence"
    NO_SORT_RESULT_NAME = 208, "no result set name given for the sort"
    ONLY_DATABASE_SPECIFIC_SORT = 209, "only database specific sort keys are supported"
    DATABASE_SPECIFIC_SORT = 210, "database specific sort not supported"
    TOO_MANY_SORT_KEYS = 211, "too many sort keys", "how many are allowed"
    DUPLICATE_SORT_KEYS = 212, "a sort key stands twice", "the key"
    MISSING_DATA_ACTION = 213, "missing data action not supported", "the action"
    SORT_RELATION = 214, "illegal sort relation", "the relation"
    SORT_CASE = 215, "illegal case value of the sort", "the value"
    SORT_MISSING_DATA = 216, "illegal missing data action", "the action"
    SEGMENTATION = 217, "records may not fit into the segments", "how many there would be"
    ES_NAME_IN_USE = 218, "extended service: package name in use", "the name"
    ES_NO_SUCH_PACKAGE = 219, "extended service: no such package", "the name"
    ES_QUOTA = 220, "extended service: quota exceeded"
    ES_TYPE = 221, "extended service not supported", "its object identifier"
    ES_PERMISSION_ID = 222, "extended service: identity not authorized"
    ES_PERMISSION_MODIFY = 223, "extended service: may not modify or delete"
    ES_IMMEDIATE_FAILED = 224, "extended service: immediate execution failed"
    ES_IMMEDIATE_UNSUPPORTED = 225, "extended service: immediate execution not supported"
    ES_NO_IMMEDIATE = 226, "extended service: immediate execution not supported for these parameters"
    NO_DATA_IN_SYNTAX = 227, "no data available in the requested record syntax", "the syntax"
    MALFORMED_SCAN = 228, "malformed Scan"
    TERM_TYPE = 229, "term type not supported", "the type"
    TOO_MANY_SORT_INPUTS = 230, "too many input result sets to sort", "how many are allowed"
    SORT_INCOMPATIBLE_FORMATS = 231, "cannot sort records of different formats"
    SCAN_TERM_LIST = 232, "term list not supported in Scan", "a term list that is"
    SCAN_POSITION = 233, "value of position-in-response not supported", "the value"
    TOO_MANY_INDEX_TERMS = 234, "too many index terms processed", "how many"
    DATABASE_DOES_NOT_EXIST = 235, "database does not exist", "its name"
    DATABASE_ACCESS_DENIED = 236, "access to the database denied", "its name"
    SORT_ILLEGAL = 237, "illegal sort"
    RECORD_NOT_IN_SYNTAX = 238, "this record is not available in the requested syntax", "the syntaxes available"
    RECORD_SYNTAX = 239, "record syntax not supported", "the syntax"
    SCAN_RESOURCES = 240, "resources exhausted in Scan"
    SCAN_END = 241, "beginning or end of the term list"
    SEGMENT_SIZE = 242, "maximum segment size too small to segment a record", "the smallest that would do"
    ADDITIONAL_RANGES = 243, "additional ranges not supported in Present"
    COMP_SPEC = 244, "complex composition specification not supported"
    RESULT_SET_ATTRIBUTES = 245, "restriction of a result set by attributes not supported"
    COMPLEX_ATTRIBUTE_VALUE = 246, "complex attribute value not supported"
    ATTRIBUTE_SET_IN_ELEMENT = 247, "attribute set inside an attribute element not supported"
    MALFORMED_APDU = 1001, "malformed PDU"
    ES_ITEM_ORDER_EXTERNAL = 1002, "extended service: item order by EXTERNAL not supported"
    ES_ITEM_ORDER_RESULT_SET = 1003, "extended service: item order by result set item not supported"
    ES_NEEDS_ACCESS_CONTROL = 1004, "extended service: only under access control"
    RECORDS_IN_SEARCH_RESPONSE = 1005, "records in the Search response not supported"
    RECORDS_IN_SEARCH_RESPONSE_FOR_DATABASE = 1006, "records in the Search response not supported here", "the database"
    NO_EXPLAIN = 1007, "Explain is not supported; where to look instead", "the place"
    ES_MISSING_PARAMETER = 1008, "extended service: a parameter is missing", "the parameter"
    ES_ITEM_REQUEST = 1009, "extended service: form of item request not supported", "its object identifier"
    INIT_BAD_USER = 1010, "Init: user not accepted"
    INIT_BAD_PASSWORD = 1011, "Init: user or password not accepted"
    INIT_NO_SEARCHES_LEFT = 1012, "Init: the searches paid for are used up"
    INIT_INTERFACE = 1013, "Init: this user may not come this way"
    INIT_AUTHENTICATION_SYSTEM = 1014, "Init: the authentication system failed"
    INIT_TOO_MANY_SESSIONS = 1015, "Init: too many associations of this user"
    INIT_ADDRESS_BLOCKED = 1016, "Init: this network address is blocked"
    INIT_NO_DATABASE = 1017, "Init: no database for this user"
    INIT_NO_RESOURCES = 1018, "Init: out of resources for now"
    INIT_MAINTENANCE = 1019, "Init: closed for maintenance", "until when"
    INIT_UNAVAILABLE = 1020, "Init: not available for now", "until when"
    INIT_ACCOUNT_EXPIRED = 1021, "Init: the account has expired"
    INIT_PASSWORD_EXPIRED = 1022, "Init: the password has expired, a new one is needed"
    INIT_PASSWORD_CHANGED = 1023, "Init: an administrator changed the password, a new one is needed"
    ATTRIBUTE = 1024, "attribute not supported", "set, type and value"
    SERVICE_NOT_SUPPORTED = 1025, "service not supported for this database"
    RECORD_LOCKED = 1026, "the record is locked"
    SQL_ERROR = 1027, "SQL error"
    RECORD_DELETED = 1028, "the record was deleted"
    SCAN_TOO_MANY_TERMS = 1029, "Scan: too many terms asked", "how many are allowed"
    ES_FUNCTION = 1040, "extended service: no such function", "the function"
    ES_RETENTION_TIME = 1041, "extended service: wrong retention time"
    ES_PERMISSIONS = 1042, "extended service: permissions not understood", "the permissions"
    ES_PARAMETERS_OID = 1043, "extended service: parameters of an unknown type", "the object identifier"
    ES_ACTION = 1044, "extended service: no such action", "the action"
    ES_SCHEMA = 1045, "extended service: unknown schema", "the schema"
    ES_TOO_MANY_RECORDS = 1046, "extended service: too many records in the package", "how many are allowed"
    ES_WAIT_ACTION = 1047, "extended service: no such wait action", "the action"
    ES_PACKAGE_SIZE = 1048, "extended service: the package would be too large", "the largest size"
    ES_PACKAGE_RETURN_SIZE = 1049, "extended service: the package is too large to return", "the largest size"
    ES_REQUEST_SIZE = 1050, "extended service: request too large", "the largest size"
    SCAN_ATTRIBUTE_SET = 1051, "Scan: an attribute set must be named"
    ES_RECORD_SIZE = 1052, "extended service: record too large to be processed", "the largest size"
    ES_RECORD_RETURN_SIZE = 1053, "extended service: record too large to return", "the largest size"
    INIT_NEGOTIATION_RECORD = 1054, "Init: a negotiation record is missing", "its object identifier"
    INIT_NEGOTIATION_OPTION = 1055, "Init: the negotiation option is required"
    ATTRIBUTE_NOT_IN_DATABASE = 1056, "attribute not supported in a database", "set, type, value and database"
    ES_PARAMETER_VALUE = 1057, "extended service: value of a parameter not supported", "parameter and value"
    SCHEMA = 1066, "schema unknown or not supported", "the schema"
    ENCAPSULATION = 1067, "this sequence of encapsulated PDUs is not supported", "the sequence"
    ENCAPSULATION_SCREENED = 1068, "not executed, after a look at the encapsulated PDUs"
    NO_SYNTAX_AVAILABLE = 1069, "no syntax available for this request"
    SYNTAX_NOT_ALLOWED = 1070, "you may not have records in this syntax"
    NO_SYNTAX_ASKED = 1071, "the request must name a record syntax"
    TERM_CHARACTERS = 1072, "the term has characters that cannot be translated", "the characters"


class Refused(Exception):
    """A request that is answered by a diagnostic."""

    def __init__(self, condition: Bib1, addinfo: object = "") -> None:
        super().__init__(condition, addinfo)
        self.condition = condition
        self.addinfo = str(addinfo)

    def __str__(self) -> str:
        return f"{self.condition.value} {self.condition.meaning}" + (f" ({self.addinfo})" if self.addinfo else "")

    def diagnostic(self, version: int) -> DefaultDiagFormat:
        """Return the diagnostic record for an association of protocol *version* 2 (ASCII only) or 3."""
        return DefaultDiagFormat(
            diagnostic_set_id=oids.DIAGNOSTICS_BIB_1,
            condition=self.condition,
            addinfo=AddInfo(v3_addinfo=self.addinfo) if version >= 3 else AddInfo(v2_addinfo=ascii_text(self.addinfo)),
        )


def ascii_text(text: str) -> str:
    """Return *text* for a VisibleString: accents dropped, a question mark for what has no ASCII letter."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).encode("ascii", "replace").decode()
