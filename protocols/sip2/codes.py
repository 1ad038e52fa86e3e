"""The code lists of SIP 2.00, as enums whose values are what stands on the wire.

Where the definition gives a row of positions (patron status, summary, supported messages) the order of the enum is the
order of the positions, and a message holds a frozenset of members.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """Language, three digits: what the reader chose on the terminal, or what the answer is written in."""

    UNKNOWN = "000"
    ENGLISH = "001"
    FRENCH = "002"
    GERMAN = "003"
    ITALIAN = "004"
    DUTCH = "005"
    SWEDISH = "006"
    FINNISH = "007"
    SPANISH = "008"
    DANISH = "009"
    PORTUGUESE = "010"
    CANADIAN_FRENCH = "011"
    NORWEGIAN = "012"
    HEBREW = "013"
    JAPANESE = "014"
    RUSSIAN = "015"
    ARABIC = "016"
    POLISH = "017"
    GREEK = "018"
    CHINESE = "019"
    KOREAN = "020"
    NORTH_AMERICAN_SPANISH = "021"
    TAMIL = "022"
    MALAY = "023"
    UNITED_KINGDOM = "024"
    ICELANDIC = "025"
    BELGIAN = "026"
    TAIWANESE = "027"


TONGUES: Final[dict[Language, str]] = {
    Language.FRENCH: "fr",
    Language.CANADIAN_FRENCH: "fr",
    Language.BELGIAN: "fr",
    Language.ENGLISH: "en",
    Language.UNITED_KINGDOM: "en",
    Language.GERMAN: "de",
    Language.ITALIAN: "it",
    Language.DUTCH: "nl",
    Language.SWEDISH: "sv",
    Language.FINNISH: "fi",
    Language.SPANISH: "es",
    Language.NORTH_AMERICAN_SPANISH: "es",
    Language.DANISH: "da",
    Language.PORTUGUESE: "pt",
    Language.NORWEGIAN: "no",
    Language.HEBREW: "he",
    Language.JAPANESE: "ja",
    Language.RUSSIAN: "ru",
    Language.ARABIC: "ar",
    Language.POLISH: "pl",
    Language.GREEK: "el",
    Language.CHINESE: "zh",
    Language.TAIWANESE: "zh",
    Language.KOREAN: "ko",
    Language.TAMIL: "ta",
    Language.MALAY: "ms",
    Language.ICELANDIC: "is",
}
"""What is spoken under each code (ISO 639-1); where there are several codes, the first is the language's own."""


class PatronStatus(StrEnum):
    """The 14 positions of patron status: a member that is present denies."""

    CHARGE_PRIVILEGES_DENIED = "charge privileges denied"
    RENEWAL_PRIVILEGES_DENIED = "renewal privileges denied"
    RECALL_PRIVILEGES_DENIED = "recall privileges denied"
    HOLD_PRIVILEGES_DENIED = "hold privileges denied"
    CARD_REPORTED_LOST = "card reported lost"
    TOO_MANY_ITEMS_CHARGED = "too many items charged"
    TOO_MANY_ITEMS_OVERDUE = "too many items overdue"
    TOO_MANY_RENEWALS = "too many renewals"
    TOO_MANY_CLAIMS_RETURNED = "too many claims of items returned"
    TOO_MANY_ITEMS_LOST = "too many items lost"
    EXCESSIVE_FINES = "excessive outstanding fines"
    EXCESSIVE_FEES = "excessive outstanding fees"
    RECALL_OVERDUE = "recall overdue"
    TOO_MANY_ITEMS_BILLED = "too many items billed"


class Summary(StrEnum):
    """The positions of the summary of 63: which list of items is wanted. 2.00 leaves the last four free."""

    HOLD_ITEMS = "hold items"
    OVERDUE_ITEMS = "overdue items"
    CHARGED_ITEMS = "charged items"
    FINE_ITEMS = "fine items"
    RECALL_ITEMS = "recall items"
    UNAVAILABLE_HOLDS = "unavailable holds"


class SupportedMessage(StrEnum):
    """The 16 positions of BX; the value is the code of the request that the position stands for."""

    PATRON_STATUS_REQUEST = "23"
    CHECKOUT = "11"
    CHECKIN = "09"
    BLOCK_PATRON = "01"
    SC_ACS_STATUS = "99"
    REQUEST_SC_ACS_RESEND = "97"
    LOGIN = "93"
    PATRON_INFORMATION = "63"
    END_PATRON_SESSION = "35"
    FEE_PAID = "37"
    ITEM_INFORMATION = "17"
    ITEM_STATUS_UPDATE = "19"
    PATRON_ENABLE = "25"
    HOLD = "15"
    RENEW = "29"
    RENEW_ALL = "65"


class CirculationStatus(StrEnum):
    """Circulation status of 18, two digits."""

    OTHER = "01"
    ON_ORDER = "02"
    AVAILABLE = "03"
    CHARGED = "04"
    CHARGED_NO_RECALL = "05"
    IN_PROCESS = "06"
    RECALLED = "07"
    WAITING_ON_HOLD_SHELF = "08"
    WAITING_TO_BE_RESHELVED = "09"
    IN_TRANSIT = "10"
    CLAIMED_RETURNED = "11"
    LOST = "12"
    MISSING = "13"


class SecurityMarker(StrEnum):
    """Security marker of 18, two digits."""

    OTHER = "00"
    NONE = "01"
    TATTLE_TAPE = "02"
    WHISPER_TAPE = "03"


class MediaType(StrEnum):
    """Media type CK, three digits."""

    OTHER = "000"
    BOOK = "001"
    MAGAZINE = "002"
    BOUND_JOURNAL = "003"
    AUDIO_TAPE = "004"
    VIDEO_TAPE = "005"
    CD = "006"
    DISKETTE = "007"
    BOOK_WITH_DISKETTE = "008"
    BOOK_WITH_CD = "009"
    BOOK_WITH_AUDIO_TAPE = "010"


class FeeType(StrEnum):
    """Fee type, two digits: fixed in 37 and 18, BT elsewhere."""

    OTHER = "01"
    ADMINISTRATIVE = "02"
    DAMAGE = "03"
    OVERDUE = "04"
    PROCESSING = "05"
    RENTAL = "06"
    REPLACEMENT = "07"
    COMPUTER_ACCESS = "08"
    HOLD = "09"


class HoldMode(StrEnum):
    """Hold mode of 15."""

    UNKNOWN = " "
    ADD = "+"
    DELETE = "-"
    CHANGE = "*"


class HoldType(StrEnum):
    """Hold type BY."""

    OTHER = "1"
    ANY_COPY = "2"
    SPECIFIC_COPY = "3"
    ANY_COPY_AT_BRANCH = "4"


class TerminalStatus(StrEnum):
    """Status code of 99."""

    OK = "0"
    OUT_OF_PAPER = "1"
    SHUTTING_DOWN = "2"


class AlertType(StrEnum):
    """Alert type CV of the 3M extensions (1.20): what staff does with the returned item."""

    UNKNOWN = "00"
    HOLD_HERE = "01"
    HOLD_ELSEWHERE = "02"
    HOLD_FOR_ILL = "03"
    SEND_ELSEWHERE = "04"
    OTHER = "99"
