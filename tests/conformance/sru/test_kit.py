"""The SRU kit: it passes who does it right, and names what liars do wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from conformance import __main__ as command
from conformance import documents
from conformance.results import Outcome, Result
from conformance.sru.bench import Session
from conformance.sru.client import Client
from conformance.sru.command import CHECKS

Answer = Callable[[dict[str, str]], str]
SRW = 'xmlns="http://www.loc.gov/zing/srw/"'


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Serve what *answer* makes of the parameters; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pairs = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
            self.reply({name: values[0] for name, values in pairs.items()})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.reply({name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()})

        def reply(self, parameters: dict[str, str]) -> None:
            octets = answer(parameters).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/db"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def judged(answer: Answer) -> dict[str, Result]:
    with answering(answer) as url:
        return {result.name: result for result in CHECKS.run(Session(Client(url), "mot"))}


def everything(parameters: dict[str, str]) -> str:
    """Find everything for every query, refuse nothing, list terms with counts that are not so."""
    if parameters.get("operation") == "scan" or "scanClause" in parameters:
        terms = "".join(
            f"<term><value>{value}</value><numberOfRecords>{count}</numberOfRecords></term>"
            for value, count in [("motte", 1), ("mot", 2)]
        )
        return f"<scanResponse {SRW}><version>1.2</version><terms>{terms}</terms></scanResponse>"
    record = (
        "<record><recordSchema>dc</recordSchema><recordPacking>xml</recordPacking>"
        "<recordData><dc><title>Autre chose</title></dc></recordData></record>"
    )
    term = "<term><actualTerm>roman</actualTerm><query>genre = roman</query><count>3</count></term>"
    facets = (
        f"<facetedResults><facet><terms>{term}</terms></facet></facetedResults>" if "facetLimit" in parameters else ""
    )
    return (
        f"<searchRetrieveResponse {SRW}><version>1.2</version><numberOfRecords>7</numberOfRecords>"
        f"<records>{record}</records>{facets}</searchRetrieveResponse>"
    )


def test_who_finds_everything_is_found_out() -> None:
    found = judged(everything)
    failed = {name for name, result in found.items() if result.outcome is Outcome.FAILED}
    assert {
        "explain-bare",
        "search-1",
        "search-window",
        "search-count-only",
        "search-string",
        "refuses-cql-index",
        "refuses-cql-quotes",
        "refuses-bad-schema",
        "count-scan",
        "scan-order",
        "boolean-arithmetic",
        "facets",
        "records-hold-term",
    } <= failed
    assert "2 in the list, 7 found" in found["count-scan"].detail or "1 in the list" in found["count-scan"].detail
    assert "3 in the facet, 7 found" in found["facets"].detail
    assert found["search-2"].outcome is Outcome.NOT_APPLICABLE


def test_what_is_no_xml_fails_and_nothing_of_it_escapes() -> None:
    for text in ("", "not xml", "<a>", '<!DOCTYPE a [<!ENTITY b "c">]><a/>', "<a/>"):
        found = judged(lambda _, text=text: text)  # type: ignore[misc]
        assert found["explain-bare"].outcome is Outcome.FAILED
        assert found["refuses-cql-index"].outcome is Outcome.FAILED


def test_who_is_not_there_fails_everything() -> None:
    with answering(everything) as url:
        gone = url
    results = list(CHECKS.run(Session(Client(gone), "mot")))
    assert {result.outcome for result in results} <= {Outcome.FAILED, Outcome.NOT_APPLICABLE}
    assert results[0].detail.startswith("no answer")


def test_an_address_of_http_is_wanted() -> None:
    with pytest.raises(ValueError, match="HTTP"):
        Client("ftp://example.org/")


def test_every_check_has_a_name_of_its_own() -> None:
    names = [row.name for row in CHECKS]
    assert len(names) == len(set(names)) >= 45


def test_the_page_of_checks_is_the_list_of_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["sru", "--list"]) == 0
    assert capsys.readouterr().out == (Path(__file__).parents[3] / "docs/reference/sru-checks.md").read_text()


@pytest.mark.parametrize("wrong", [[], ["ftp://example.org/"], ["http://example.org/db", "--only", "no such check"]])
def test_a_wrong_command_line_is_told(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(["sru", *wrong])
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_the_command_takes_a_wire_and_its_arguments(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert command.main([]) == 2
    assert "usage" in capsys.readouterr().err
    with answering(everything) as url:
        for ending in documents.ENDINGS:
            report = tmp_path / f"report{ending}"
            assert command.main(["sru", url, "--term", "mot", "--report", str(report)]) == 1
            assert "explain-bare" in report.read_text()
        with pytest.raises(SystemExit):
            command.main(["sru", url, "--report", "report.pdf"])
    assert "MUST" in capsys.readouterr().out
