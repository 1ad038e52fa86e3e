"""What a kit tells: on the screen, in files, by its exit code."""

from __future__ import annotations

import io
import json
from xml.etree import ElementTree as ET

from conformance import documents
from conformance.documents import tell
from conformance.results import Level, Outcome, Result

RESULTS = [
    Result("a", Level.MUST, "text", "source", Outcome.PASSED),
    Result("b", Level.SHOULD, "text", "source", Outcome.FAILED, "why"),
    Result("c", Level.MUST, "text", "source", Outcome.NOT_APPLICABLE, "why"),
]


def test_a_report_is_for_people_or_for_machines() -> None:
    out = io.StringIO()
    assert tell("kit", RESULTS, as_json=False, out=out) == 0
    assert "FAIL SHOULD b: text\n            why\n" in out.getvalue()
    assert out.getvalue().endswith("kit: MUST 1/1, SHOULD 0/1, MAY 0/0\n")
    out = io.StringIO()
    failed = Result("d", Level.MUST, "text", "source", Outcome.FAILED)
    assert tell("kit", [*RESULTS, failed], as_json=True, out=out) == 1
    document = json.loads(out.getvalue())
    assert [each["outcome"] for each in document["results"]] == ["passed", "failed", "not applicable", "failed"]


def test_documents_say_what_was_found() -> None:
    results = [
        Result("a", Level.MUST, "it <is> so", "here", Outcome.FAILED, 'not "so"\x01'),
        Result("b", Level.MAY, "x", "there", Outcome.NOT_APPLICABLE, "none"),
    ]
    page = documents.to_html("t", results)
    assert "it &lt;is&gt; so" in page
    assert "0 of 1 checks" in page
    suite = ET.fromstring(documents.to_junit("t", results))
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "1")
    found = suite.find("testcase/failure")
    assert found is not None
    assert found.get("message") == 'not "so"?'
