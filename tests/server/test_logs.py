from __future__ import annotations

import io
import json
import sqlite3
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from server import logs
from server.config import Format, Level, LogTable
from server.logs import Log, Observer
from storage.store import StoreUnavailable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def logger(stream: io.StringIO, level: Level = Level.INFO, namespace: str = "server.sip2.factory") -> Logger:
    return Logger(namespace=namespace, observer=Log(LogTable(level=level), stream).observer)


def fail(error: Exception) -> Failure:
    def broken() -> None:
        raise error

    failures: list[Failure] = []
    maybeDeferred(broken).addErrback(failures.append)
    return failures[0]


def test_an_event_is_one_json_line_with_its_plain_fields() -> None:
    stream = io.StringIO()
    logger(stream).info("{device} logged in", device="kiosk-lens", peer=IPv4Address("TCP", "10.0.0.1", 4), number=3)
    (line,) = lines(stream)
    assert line["time"].endswith("Z")
    assert line["level"] == "info"
    assert line["from"] == "server.sip2.factory"
    assert line["text"] == "kiosk-lens logged in"
    assert (line["device"], line["number"], line["peer"]) == ("kiosk-lens", 3, "10.0.0.1:4")


def test_a_terminal_gets_text_and_everything_else_json() -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        logger(stream).warn("hello")
    assert terminal.getvalue().endswith(" warn  sip2.factory: hello\n")
    assert lines(file)[0]["text"] == "hello"
    told = Terminal()
    Logger(namespace="x", observer=Log(LogTable(format=Format.JSON), told).observer).info("hello")
    assert lines(told)


@pytest.mark.parametrize("field", sorted(logs.MASKED))
def test_fields_with_readers_data_are_masked_in_the_text_too(field: str) -> None:
    for stream in (io.StringIO(), Terminal()):
        logger(stream).error("this came: {" + field + "}", **{field: "R000001 1234"})
        assert "1234" not in stream.getvalue()
        assert logs.MASK in stream.getvalue()


def test_a_failure_shows_its_type_and_places_and_no_value_that_it_quotes() -> None:
    stream = io.StringIO()
    logger(stream).failure("No answer to {code}", fail(KeyError("R000001")), code="63")
    (line,) = lines(stream)
    assert line["failure"].startswith("builtins.KeyError\n")
    assert "test_logs.py" in line["failure"]
    assert "R000001" not in stream.getvalue()


@pytest.mark.parametrize(
    "error", [StoreUnavailable("disk full"), OSError(28, "disk full"), sqlite3.OperationalError("disk full")]
)
def test_a_failure_that_can_quote_no_reader_shows_its_message(error: Exception) -> None:
    stream = io.StringIO()
    logger(stream).failure("The commit failed", fail(error))
    assert "disk full" in lines(stream)[0]["failure"]


def test_a_legacy_error_shows_no_value_either() -> None:
    stream = io.StringIO()
    event = {"why": "It broke", "failure": fail(ValueError("R000001")), "isError": 1}
    observer = Log(LogTable(), stream).observer
    text = "It broke\nTraceback: R000001"
    observer(
        {"log_level": LogLevel.critical, "log_namespace": "log_legacy", "log_format": "{log_text}", "log_text": text,
         "log_time": 0.0, "log_failure": event["failure"], **event}
    )  # fmt: skip
    assert "R000001" not in stream.getvalue()
    assert lines(stream)[0]["text"] == "It broke"


def test_the_level_holds_and_can_be_changed() -> None:
    stream = io.StringIO()
    log = Log(LogTable(level=Level.WARN), stream)
    speaker = Logger(namespace="server", observer=log.observer)
    speaker.info("unheard")
    log.set_level(Level.DEBUG)
    speaker.debug("heard")
    assert [line["text"] for line in lines(stream)] == ["heard"]


def test_of_twisted_only_warnings_are_shown() -> None:
    stream = io.StringIO()
    speaker = logger(stream, Level.DEBUG, "twisted.internet.tcp")
    speaker.info("Starting factory")
    speaker.warn("out of sockets")
    assert [line["text"] for line in lines(stream)] == ["out of sockets"]


def test_the_same_event_over_and_over_is_counted_and_not_written() -> None:
    stream = io.StringIO()
    observer = Observer(stream, json_lines=True)
    event = {
        "log_level": LogLevel.warn,
        "log_namespace": "server.sip2.factory",
        "log_format": "a broken frame from {peer}",
    }
    for second in range(1000):
        observer({**event, "log_time": second / 100, "peer": str(second)})
    assert len(lines(stream)) == logs.BURST
    observer({**event, "log_time": 2.0, "log_format": "another", "peer": ""})
    assert lines(stream)[-1]["text"] == "another"
    observer({**event, "log_time": logs.PERIOD, "peer": "x"})
    assert lines(stream)[-1]["text"] == "a broken frame from x (980 more like this were not shown)"


def test_a_log_that_nobody_reads_stops_nothing() -> None:
    stream = io.StringIO()
    speaker = logger(stream)
    stream.close()
    speaker.info("into the void")


def test_what_json_does_not_have_is_shown_as_text() -> None:
    stream = io.StringIO()
    logger(stream).info("x", found={1}, none=None, yes=True)
    (line,) = lines(stream)
    assert (line["found"], line["none"], line["yes"]) == ("{1}", None, True)
