"""The Z39.50 kit alone: its BER against others' and its own, the page of its checks, and servers that send it anything."""

from __future__ import annotations

import itertools
import socket
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import __main__ as kits
from conformance.results import Failed, Outcome
from conformance.z3950 import access, ber, client, marc, queries, tasks
from conformance.z3950.bench import Bench
from conformance.z3950.ber import BerError, Incomplete, Node, Style, context, sequence, universal
from conformance.z3950.client import Account, Association
from conformance.z3950.command import CHECKS, KIT
from conformance.z3950.corpus import Corpus
from conformance.z3950.marc import UNIMARC, Marc
from conformance.z3950.pdus import PDUS, make, understood
from protocols.marc.format import Format
from protocols.z3950 import apdu, pqf, prompt
from protocols.z3950 import tasks as our_tasks
from protocols.z3950 import update as our_update
from protocols.z3950.elements import IdPass
from protocols.z3950.schema import Choice, codec_of
from tests.conformance.z3950.catalogue import records
from tests.protocols.z3950.tables import oracle

quick = settings(derandomize=True, deadline=None, max_examples=100)

OURS = Style(true=1)
"""How our own codec writes what can be written in several ways."""

# --- BER ----------------------------------------------------------------------------------------------------------------

LEAVES = st.builds(context, st.integers(0, 300), st.binary(max_size=200)) | st.builds(
    context, st.integers(0, 300), st.text(max_size=50)
)
TREES = st.recursive(
    LEAVES, lambda inside: st.builds(context, st.integers(0, 300), st.lists(inside, max_size=4)), max_leaves=12
)
STYLES = st.builds(Style, st.booleans(), st.integers(0, 3), st.integers(0, 5), st.integers(1, 255))


def plain(node: Node) -> Any:
    """Return a tree without marks, and without the pieces of its strings."""
    if isinstance(node.content, bytes):
        return (node.tag, node.content)
    if node.nodes and all(each.universal and each.tag == ber.OCTETS for each in node.nodes):
        return (node.tag, node.octets)
    return (node.tag, [plain(each) for each in node.nodes])


@quick
@given(TREES, STYLES)
def test_what_is_written_in_any_style_is_read_as_it_was(tree: Node, style: Style) -> None:
    octets = ber.written(tree, style)
    node, end = ber.read(octets + b"more")
    assert (plain(node), end) == (plain(tree), len(octets))
    for cut in (1, len(octets) // 2, len(octets) - 1):
        with pytest.raises(Incomplete):
            ber.read(octets[:cut])
    assert ber.size_of(octets) in {0, len(octets)}


@quick
@given(st.binary(max_size=60))
def test_nothing_but_its_own_errors_comes_of_any_octets(octets: bytes) -> None:
    try:
        node, end = ber.read(octets)
    except (BerError, Incomplete):
        return
    assert end <= len(octets)
    with suppress(Failed, BerError):
        understood(node)


@quick
@given(st.integers(-(2**40), 2**40), st.sets(st.integers(0, 40), min_size=1))
def test_integers_and_bits_are_what_they_were(value: int, numbers: set[int]) -> None:
    octets = ber.integer_octets(value)
    assert int.from_bytes(octets, "big", signed=True) == value
    assert len(octets) == 1 or octets[0] not in {0, 255} or (octets[0] == 255) != bool(octets[1] & 0x80)
    assert ber.bits_of(ber.bits(*numbers)) == numbers


@pytest.mark.parametrize("oid", ["1.2.840.10003.3.1", "1.0.10646.1.0.8", "2.5.4.3", "0.9"])
def test_object_identifiers_are_what_they_were(oid: str) -> None:
    assert ber.oid_text(ber.oid_octets(oid)) == oid


@pytest.mark.parametrize("octets", ["", "80", "01ff80"])
def test_what_is_no_bit_string_or_oid_is_refused(octets: str) -> None:
    with pytest.raises(BerError):
        ber.bits_of(bytes.fromhex(octets) if octets != "01ff80" else b"\x09\x00")
    with pytest.raises(BerError):
        ber.oid_text(bytes.fromhex(octets))


def an_association() -> Association:
    """Return an association that is not connected: it makes requests."""
    made = Association.__new__(Association)
    made.databases = ("network",)
    return made


def requests() -> list[tuple[str, Node]]:
    """Return requests as the checks send them, with their names in our ASN.1 text."""
    asker = an_association()
    key = client.sort_key(4, 1)
    query = '@or @and @attr 1=4 @attr 5=1 word @set a @prox 0 1 1 2 k 2 @attr 1=1003 "Zola, Émile" @attr 1=4 x'
    external = [universal(ber.OID, ber.oid_octets("1.2.840.10003.9.999")), context(1, b"kit")]
    return [
        ("initRequest", make("initRequest", referenceId=b"i", protocolVersion=(0, 1, 2), options=(0, 1, 14), preferredMessageSize=1,
                             exceptionalRecordSize=1 << 33, idAuthentication=(Account("u", "p", "g").node() or key).nodes)),
        ("searchRequest", asker.search_request(query, "default", "a", "b", mediumSetElementSetNames=[context(0, "F")])),
        ("searchRequest", asker.search_request(queries.ccl("ti=x"))),
        ("presentRequest", asker.present_request(1, 2, client.UNIMARC, "B")),
        ("deleteResultSetRequest", make("deleteResultSetRequest", deleteFunction=0, resultSetList=[context(31, "a")])),
        ("scanRequest", make("scanRequest", databaseNames=[context(105, "a")], attributeSet=queries.BIB_1, numberOfTermsRequested=3,
                             termListAndStartPoint=queries.plain_operand("@attr 1=4 x").nodes, preferredPositionInResponse=1)),
        ("sortRequest", make("sortRequest", inputResultSetNames=[universal(ber.GENERAL, "a")], sortedResultSetName="b", sortSequence=[key])),
        ("resourceReportRequest", make("resourceReportRequest", referenceId=b"r")),
        ("triggerResourceControlRequest", make("triggerResourceControlRequest", requestedAction=3)),
        ("extendedServicesRequest", make("extendedServicesRequest", function=1, packageType="1.2.840.10003.9.999", waitAction=1,
                                         taskSpecificParameters=external)),
        ("accessControlResponse", make("accessControlResponse", referenceId=b"a", simpleForm=b"u/p")),
        ("close", make("close", closeReason=0, diagnosticInformation="bye")),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "request_"), requests(), ids=[name for name, _ in requests()])
def test_asn1tools_and_our_own_codec_read_what_the_kit_writes(name: str, request_: Node) -> None:
    octets = ber.written(request_, OURS)
    assert oracle().decode("PDU", octets)[0] == name
    assert apdu.encode(apdu.decode(octets)) == octets
    assert understood(ber.read(octets)[0]).name == name


def test_a_query_is_what_our_own_parser_makes_of_the_same_notation() -> None:
    for query in (
        '@attr 1=4 "a \\"b"',
        "@not @set x @or a b",
        "@prox 1 3 0 4 k 8 a b",
        "@attr 1.2.840.10003.3.1 1=4 @term numeric 12",
    ):
        own = pqf.parse(query)
        assert ber.written(queries.rpn(query), OURS) == bytes(own.rpn), query
    for wrong in ("@attr 1=4", "a b", "@and a"):
        with pytest.raises((ValueError, StopIteration)):
            queries.rpn(wrong)


def test_a_deep_query_is_deep_and_well_formed() -> None:
    node, _ = ber.read(queries.nested(30, "kit"))
    depth = str(node).count("tag=46")
    assert (depth, queries.nested(20_000, "kit")[0]) == (30, 0xA1)


def test_a_response_is_held_against_the_table() -> None:
    right = make("presentResponse", numberOfRecordsReturned=0, nextResultSetPosition=0, presentStatus=0)
    assert understood(right)["presentStatus"] == 0
    for wrong in (
        Node(25, right.nodes[::-1]),
        Node(25, right.nodes[:2]),
        Node(25, (*right.nodes, context(99, 1))),
        Node(99, ()),
    ):
        with pytest.raises(Failed):
            understood(wrong)
    assert {tag for tag, _ in PDUS.values()} >= {*range(20, 30), *range(32, 37), *range(43, 49)}


# --- records ------------------------------------------------------------------------------------------------------------


def corpus() -> Corpus:
    """Return the corpus of the kit's catalogue."""
    return Corpus([marc.read(each.iso2709, UNIMARC) for each in records() if each.form is Format.UNIMARC], whole=True)


def test_what_must_be_found_is_counted_in_the_records() -> None:
    found = corpus()
    exact = dict(found.exact(4, 1_000))
    assert len(exact["jardin"]) == len([each for each in found.records if "jardin" in found.heading(each, 4)]) == 6
    assert "anne" not in dict(found.exact(4, 1_000))
    assert ("jardin", "perdu", {0}) in found.pairs()
    assert found.bounds(4, "mo.*") == (12, 12)
    assert found.dates["1950"] == {0, 23, 46}
    assert {len(number) for _, number, _ in found.isbns} == {10, 13}


def test_a_record_whose_lengths_are_wrong_is_told() -> None:
    octets = records()[0].iso2709
    assert marc.read(octets, UNIMARC).number == "kit000"
    for wrong in (
        octets[:-1],
        b"99999" + octets[5:],
        octets[:12] + b"00000" + octets[17:],
        b"",
        octets[:24] + b"x" * 36 + octets[60:],
    ):
        with pytest.raises(Failed):
            marc.read(wrong, UNIMARC)


PARAMETERS = [
    (our_tasks.PersistentResultSet, tasks.request(tasks.RESULT_SET, tasks.kept_set("a"), packageName="p", userId="u", description="d",
                                                  retentionTime=tasks.duration(2, "day"))),
    (our_tasks.ItemOrder, tasks.request(tasks.ITEM_ORDER, tasks.order(tasks.item("a", 1)), waitAction=4)),
    (our_update.Update, tasks.request(tasks.UPDATE, tasks.saving("d", 1, tasks.supplied(b"x", number="n", version="v")))),
]  # fmt: skip


@pytest.mark.parametrize(("service", "request_"), PARAMETERS, ids=["set", "order", "update"])
def test_our_own_codec_reads_the_tasks_that_the_kit_asks_for(service: type[Choice], request_: Node) -> None:
    octets = ber.written(request_, OURS)
    read: Any = apdu.decode(octets)
    assert apdu.encode(read) == octets
    inside = read.task_specific_parameters.single_asn1_type
    assert codec_of(service).encode(codec_of(service).decode(inside)) == inside


def test_a_challenge_is_answered_in_the_form_in_which_it_is_asked() -> None:
    account = Account("marie", "demo")
    for asked in ({"externally_defined": prompt.WHO}, {"simple_form": b"user/password"}):
        challenge = understood(ber.read(apdu.encode(apdu.AccessControlRequest(**asked)))[0])
        answer: Any = apdu.decode(ber.written(access.answer_of(challenge, account), OURS))
        if answer.simple_form is None:
            identity = prompt.identity(answer.externally_defined).id_pass
            assert identity == IdPass(user_id="marie", password="demo")
        else:
            assert answer.simple_form == b"marie/demo"


@pytest.mark.parametrize("form", [UNIMARC, marc.MARC21])
def test_a_record_that_the_kit_saves_is_one(form: str) -> None:
    octets = marc.made(form, "kit1", "Une notice")
    read = marc.read(octets, form)
    assert (read.number, marc.form_of(octets)) == ("kit1", form)
    assert "Une notice" in read.values("200" if form == UNIMARC else "245", "a")
    assert marc.declared_utf8(form, read.leader, read.value("100", "a"))


def test_isbns_are_told_from_numbers_and_turned_into_one_another() -> None:
    assert marc.isbn("2-253-00286-0 (br.)") == "2253002860"
    assert (marc.isbn("2253002861"), marc.isbn("no")) == ("", "")
    assert (marc.other_isbn("2253002860"), marc.other_isbn("9782253002864")) == ("9782253002864", "2253002860")
    assert marc.other_isbn("9791000000008") == ""


def test_words_are_folded_and_safe_ones_are_plain() -> None:
    assert marc.words("L'Œuvre, ÉTÉ") == ["l", "oeuvre", "ete"]
    assert marc.safe_words("L'horloge d'hiver: moulin Été long-temps Page") == ["moulin", "page"]
    assert Marc(UNIMARC, "", (), b"").value("200") == ""


# --- the command --------------------------------------------------------------------------------------------------------


def test_the_page_of_checks_is_the_list_of_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert kits.main(["z3950", "--list"]) == 0
    assert capsys.readouterr().out == (Path(__file__).parents[3] / "docs/reference/z3950-checks.md").read_text()


def test_checks_have_names_of_their_own() -> None:
    assert len({row.name for row in CHECKS}) == len(CHECKS) >= 250


@pytest.mark.parametrize(
    "wrong", [["nowhere"], ["h:1"], ["h:1/"], ["h:1/d", "--records", "missing"], ["h:1/d", "--report", "x.pdf"], ["h:1/d", "--format", "x"]]
)  # fmt: skip
def test_a_wrong_command_line_is_told(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        KIT.main(wrong)
    assert caught.value.code == 2


def test_no_server_at_all_passes_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert {each.outcome for each in CHECKS.run(Bench("127.0.0.1", port, ("d",)))} <= {
        Outcome.FAILED,
        Outcome.NOT_APPLICABLE,
    }
    statement = tmp_path / "bath.md"
    assert KIT.main([f"127.0.0.1:{port}/d", "--only", "Bath A.0", "--bath", str(statement)]) == 0
    assert "## Level A.0: 0 of 11" in statement.read_text()
    assert "| not looked at |" in statement.read_text()


def test_a_password_is_in_no_repr() -> None:
    assert "secret" not in repr(Account("marie", "secret"))


# --- hostile servers ----------------------------------------------------------------------------------------------------


@contextmanager
def answering(answers: Sequence[bytes]) -> Iterator[int]:
    """Serve every connection with the same answers, one for each piece that comes; yield the port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            turn = itertools.cycle(answers)
            with suppress(OSError):
                while self.request.recv(1 << 20):
                    self.request.sendall(next(turn))

    class Server(socketserver.ThreadingTCPServer):
        request_queue_size = 128
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


INIT = ber.written(
    make("initResponse", referenceId=b"init", protocolVersion=(0, 1, 2), options=tuple(range(20)), preferredMessageSize=1,
         exceptionalRecordSize=1, result=True)
)  # fmt: skip
FOUND = ber.written(
    make("searchResponse", resultCount=2**40, numberOfRecordsReturned=-1, nextResultSetPosition=0, searchStatus=True)
)
NO_RECORDS = ber.written(
    make(
        "presentResponse",
        numberOfRecordsReturned=5,
        nextResultSetPosition=0,
        presentStatus=0,
        responseRecords=[sequence()],
    )
)


@pytest.mark.parametrize(
    "answers",
    [
        [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
        [b"\xb5\x80" + b"\xa1\x80" * 5_000],
        [b"\xb5\x84\x7f\xff\xff\xff"],
        [b"\xb5\x00"],
        [INIT],
        [INIT, FOUND],
        [INIT, FOUND, NO_RECORDS, FOUND],
        [INIT, b"\xb7\x03\x97\x01"],
        [INIT, ber.written(make("close", closeReason=2))],
    ],
    ids=["http", "deep", "2 GB", "empty", "init", "lies", "no records", "half", "close"],
)
def test_no_server_makes_the_kit_stop(answers: list[bytes]) -> None:
    with answering(answers) as port:
        bench = Bench("127.0.0.1", port, ("d",), Account("u", "p"))
        bench.patience = 0.004
        results = list(CHECKS.run(bench))
    assert len(results) == len(CHECKS)
    assert sum(each.outcome is Outcome.PASSED for each in results) < len(CHECKS) / 4
