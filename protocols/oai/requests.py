"""Requests of OAI-PMH 2.0: six verbs, each a row with the arguments that it takes and those that it needs.

A resumption token holds all that the list it goes on with needs, so that no server remembers a harvester: any daemon of the
network can go on, after any time.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

MAX_ARGUMENT: Final = 2_000
"""Characters of one argument."""


class Error(enum.Enum):
    """The error codes (3.6); the value is what stands in the response, and what is said beside it."""

    BAD_ARGUMENT = "badArgument"
    BAD_RESUMPTION_TOKEN = "badResumptionToken"  # noqa: S105 (a code)
    BAD_VERB = "badVerb"
    CANNOT_DISSEMINATE_FORMAT = "cannotDisseminateFormat"
    ID_DOES_NOT_EXIST = "idDoesNotExist"
    NO_RECORDS_MATCH = "noRecordsMatch"
    NO_METADATA_FORMATS = "noMetadataFormats"
    NO_SET_HIERARCHY = "noSetHierarchy"


class Refused(Exception):
    """A request that is answered by an error."""

    def __init__(self, error: Error, text: str) -> None:
        super().__init__(error, text)
        self.error = error
        self.text = text


class Verb(enum.Enum):
    """What is asked for (4)."""

    IDENTIFY = "Identify"
    LIST_METADATA_FORMATS = "ListMetadataFormats"
    LIST_SETS = "ListSets"
    LIST_IDENTIFIERS = "ListIdentifiers"
    LIST_RECORDS = "ListRecords"
    GET_RECORD = "GetRecord"


class Row(NamedTuple):
    """The arguments of a verb; `exclusive` stands alone, in place of all others."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    exclusive: str = ""


_LIST: Final = Row(frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"}), "resumptionToken")
ARGUMENTS: Final = {
    Verb.IDENTIFY: Row(),
    Verb.LIST_METADATA_FORMATS: Row(optional=frozenset({"identifier"})),
    Verb.LIST_SETS: Row(exclusive="resumptionToken"),
    Verb.LIST_IDENTIFIERS: _LIST,
    Verb.LIST_RECORDS: _LIST,
    Verb.GET_RECORD: Row(frozenset({"identifier", "metadataPrefix"})),
}


@dataclass(frozen=True, slots=True)
class Harvest:
    """A list that is asked for, and how far it has been given.

    `since` and `until` are seconds since 1970 UTC, both included; `until` is None while nothing bounds it. The next record has a
    change later than `at`, or at it a number greater than `number`. `given` counts what was sent before.
    """

    prefix: str
    set: str = ""
    since: int = 0
    until: int | None = None
    at: int = -1
    number: int = 0
    given: int = 0

    def following(self, at: int, number: int, sent: int) -> Harvest:
        """Return what is left after *sent* more, the last changed at *at* and numbered *number*."""
        return replace(self, at=at, number=number, given=self.given + sent)

    def token(self) -> str:
        """Return the resumption token."""
        until = "" if self.until is None else self.until
        text = "\n".join(map(str, (self.prefix, self.set, self.since, until, self.at, self.number, self.given)))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


_MOST: Final = (1 << 31) - 1
_LATEST: Final = 253_402_300_799
"""The largest number of a record, and the last second of the year 9999."""


def resumed(token: str) -> Harvest:
    """Return the list that a token goes on with. Raises Refused."""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True).decode()
        prefix, named, since, until, at, number, given = text.split("\n")
        counts = [_whole(each, _MOST) for each in (number, given)]
        return Harvest(prefix, named, _whole(since), _whole(until) if until else None, _whole(at), *counts)
    except (ValueError, binascii.Error):
        raise Refused(Error.BAD_RESUMPTION_TOKEN, "this token was not made here") from None


def _whole(text: str, limit: int = _LATEST) -> int:
    if not re.fullmatch(r"-?[0-9]{1,12}", text, re.ASCII) or int(text) > limit:
        raise ValueError(text)
    return int(text)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be looked at: its verb and arguments, and the list of the verbs that have one."""

    verb: Verb
    arguments: dict[str, str]
    harvest: Harvest | None = None


def read(pairs: Iterable[tuple[str, str]]) -> Request:
    """Return the request that parameters are. Raises Refused."""
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise Refused(Error.BAD_VERB if name == "verb" else Error.BAD_ARGUMENT, f"{name} stands twice")
        if len(value) > MAX_ARGUMENT:
            raise Refused(Error.BAD_ARGUMENT, f"{name} is longer than {MAX_ARGUMENT} characters")
        values[name] = value
    named = values.pop("verb", "")
    verb = next((each for each in Verb if each.value == named), None)
    if verb is None:
        raise Refused(Error.BAD_VERB, f"the verbs are {', '.join(each.value for each in Verb)}")
    return Request(verb, values, _checked(ARGUMENTS[verb], values))


def _checked(row: Row, values: dict[str, str]) -> Harvest | None:
    if row.exclusive and row.exclusive in values:
        if len(values) > 1:
            raise Refused(Error.BAD_ARGUMENT, f"{row.exclusive} stands alone")
        return resumed(values[row.exclusive])
    for name, value in values.items():
        if name not in row.required | row.optional or not value:
            raise Refused(Error.BAD_ARGUMENT, f"{name} is not wanted here" if value else f"{name} is empty")
    missing = sorted(row.required - values.keys())
    if missing:
        raise Refused(Error.BAD_ARGUMENT, f"{', '.join(missing)} is missing")
    return _harvest(values) if "from" in row.optional else None


def _harvest(values: dict[str, str]) -> Harvest:
    since, until = values.get("from"), values.get("until")
    if since is not None and until is not None and len(since) != len(until):
        raise Refused(Error.BAD_ARGUMENT, "from and until have different granularities")
    first = 0 if since is None else instant(since)
    last = None if until is None else instant(until, last=True)
    if last is not None and first > last:
        raise Refused(Error.BAD_ARGUMENT, "from is later than until")
    return Harvest(values["metadataPrefix"], values.get("set", ""), first, last)


_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


def instant(text: str, *, last: bool = False) -> int:
    """Return a UTCdatetime (3.3) in seconds since 1970; of a day the first second, or the *last*. Raises Refused."""
    try:
        if _DAY.fullmatch(text):
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            found = day + timedelta(days=1, seconds=-1) if last else day
        elif _INSTANT.fullmatch(text):
            found = datetime.fromisoformat(text)
        else:
            raise ValueError(text)  # noqa: TRY301 (what is no date of the calendar is refused alike)
        return int(found.timestamp())
    except (ValueError, OverflowError):
        raise Refused(Error.BAD_ARGUMENT, "a date is written YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ") from None


def written(seconds: int) -> str:
    """Return seconds since 1970 as a UTCdatetime."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
