"""The log: one line for each event, for operators and their tools.

JSON lines (time, level, from, text and the event's plain fields), or plain text on a terminal. Three rules hold whatever is
logged, by us or by a library:

- fields that carry readers' data, secrets or message bodies are masked, in the text too;
- of a failure, the type and the places are shown; its message alone when no reader's data can be in it;
- the same event is written `BURST` times a `PERIOD` and then counted, so that a broken peer cannot fill a disk.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
    globalLogBeginner,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from server.config import Format, Level, LogTable

MASK: Final = "***"
MASKED: Final = frozenset(
    {
        "pin", "password", "secret", "card", "patron", "reader", "name", "surname", "forename", "email", "body", "data",
        "frame", "request", "response", "message", "values", "parameters",
    }
)  # fmt: skip
"""Names of event fields that are never shown."""
_LEGACY: Final = frozenset({"debugInfo", "failure", "format", "isError", "system", "time", "why"})
"""Fields of events that Twisted itself makes, which say nothing more."""
_PRINTED: Final = ("stdout", "stderr")
"""Namespaces of what was printed: each line is an event, and a traceback has many."""
BURST: Final = 20
PERIOD: Final = 60.0
"""Seconds."""
_OWN: Final = ("server", "storage", "protocols", "devices")
_HARMLESS: Final = (OSError, sqlite3.Error, TypeError, AttributeError, NameError, ImportError, NotImplementedError)
"""Exceptions of others whose messages name types, files and constraints, never values of rows."""


_ADDRESSES: Final = (IPv4Address, IPv6Address)


def _trace(failure: Failure) -> str:
    """Write *failure* without the values that its message may quote."""
    kind = type(failure.value)
    own = kind.__module__.partition(".")[0] in _OWN
    said = f": {failure.value}" if own or issubclass(kind, _HARMLESS) else ""
    places = [f"{path}:{line} in {function}" for function, path, line, _, _ in failure.frames]
    return "\n".join([f"{kind.__module__}.{kind.__qualname__}{said}", *places])


def _shown(value: Any) -> Any:
    """Return *value* as JSON has it; an address as people write it."""
    if isinstance(value, str | int | float) or value is None:
        return value
    if isinstance(value, _ADDRESSES):
        return f"{value.host}:{value.port}"
    return str(value)


def _fields(event: LogEvent) -> dict[str, Any]:
    """Return the event's own fields, fit to be shown."""
    return {
        key: MASK if key in MASKED else _shown(value)
        for key, value in event.items()
        if not key.startswith("log_") and key not in _LEGACY
    }


def _masked(event: LogEvent, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of *fields* that the text must not have as they are in *event*."""
    return {key: value for key, value in fields.items() if key in MASKED or isinstance(event[key], _ADDRESSES)}


@implementer(ILogObserver)
class Observer:
    """Writes events to *stream*, as JSON lines or as text."""

    def __init__(self, stream: TextIO, *, json_lines: bool) -> None:
        self._stream = stream
        self._json = json_lines
        self._periods: dict[tuple[str, str], tuple[float, int]] = {}

    def __call__(self, event: LogEvent) -> None:
        """Write *event*, unless too many like it came lately."""
        suppressed = self._suppressed(event)
        if suppressed is None:
            return
        fields = _fields(event)
        failure = event.get("log_failure")
        # A legacy error's own text is its traceback, values and all.
        legacy = failure is not None and "log_text" in event
        text = (
            str(event.get("why") or "Unhandled error") if legacy else formatEvent({**event, **_masked(event, fields)})
        )
        if suppressed:
            text += f" ({suppressed} more like this were not shown)"
        trace = _trace(failure) if failure is not None else ""
        line = self._as_json(event, text, fields, trace) if self._json else self._as_text(event, text, trace)
        try:
            self._stream.write(line)
            self._stream.flush()
        except (OSError, ValueError):
            pass  # Nobody reads the log any more: that must not stop the daemon.

    def _suppressed(self, event: LogEvent) -> int | None:
        """Return how many events like this one were left out before it; None when it is left out too."""
        key = (event.get("log_namespace", ""), event.get("log_format") or "")
        if key[0] in _PRINTED:
            return 0
        now = event["log_time"]
        began, count = self._periods.get(key, (now, 0))
        if now - began >= PERIOD:
            self._periods[key] = (now, 1)
            return max(count - BURST, 0)
        self._periods[key] = (began, count + 1)
        return 0 if count < BURST else None

    def _as_json(self, event: LogEvent, text: str, fields: dict[str, Any], trace: str) -> str:
        record = {
            "time": _utc(event).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": event["log_level"].name,
            "from": event.get("log_namespace", ""),
            "text": text,
            **fields,
        }
        if trace:
            record["failure"] = trace
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"

    def _as_text(self, event: LogEvent, text: str, trace: str) -> str:
        time = _utc(event).astimezone().strftime("%H:%M:%S")
        origin = event.get("log_namespace", "").partition(".")[2]
        indented = "".join(f"\n         {line}" for line in trace.splitlines())
        return f"{time} {event['log_level'].name:5} {origin}: {text}{indented}\n"


def _utc(event: LogEvent) -> datetime:
    return datetime.fromtimestamp(event["log_time"], UTC)


_LEVELS: Final[Mapping[Level, Any]] = {level: LogLevel.levelWithName(level.value) for level in Level}


class Log:
    """The process's log: an observer behind a level that can be changed."""

    def __init__(self, table: LogTable, stream: TextIO) -> None:
        json_lines = table.format is Format.JSON or (table.format is Format.AUTO and not stream.isatty())
        self._predicate = LogLevelFilterPredicate()
        self.set_level(table.level)
        self.observer = FilteringLogObserver(Observer(stream, json_lines=json_lines), (self._predicate,))

    def set_level(self, level: Level) -> None:
        """Show events of *level* and above; of Twisted's own, warnings and above."""
        self._predicate.setLogLevelForNamespace("", _LEVELS[level])
        twisted = max(_LEVELS[level], LogLevel.warn)
        for namespace in ("twisted", "log_legacy"):
            self._predicate.setLogLevelForNamespace(namespace, twisted)

    def begin(self) -> None:
        """Take over from Twisted's buffering of early events."""
        globalLogBeginner.beginLoggingTo([self.observer], redirectStandardIO=False)
