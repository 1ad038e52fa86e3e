"""Import: records and items into the catalogue, again without a change, and everything that is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, select, update

from protocols.marc import iso2709, marcxml
from protocols.marc.charsets import Charset
from protocols.marc.errors import BadRecord, BrokenStream, Reason
from protocols.marc.format import Format
from storage.catalogue.access_points import ISBN, TITLE
from storage.catalogue.query import Kind, Term
from storage.catalogue.records import index_of
from storage.catalogue.reindex import LAYOUT
from storage.database import Location, upgrade
from storage.intake.holdings import PROFILES, Profile, SourceItem, source_items
from storage.intake.marc_import import (
    ItemProblem,
    Report,
    Task,
    UnknownLibrary,
    databases_named,
    import_batch,
    import_json,
    new_records,
)
from storage.intake.marc_read import MarcFile, Options, SourceRecord
from storage.intake.rejects import Rejects
from storage.schema import barcode, database, item, library, posting, record
from tests.network import AVION, LENS, LIEVIN, NOW
from tests.storage.catalogue.running import field, found
from tests.storage.intake.importing import content, marc, run_import

GERMINAL = marc(
    "1",
    "010    $a2-253-00422-7",
    "200 1  $a\x98Le \x9cGerminal$fÉmile Zola",
    "700  1 $aZola$bÉmile",
    "995    $bLENS$f00000000000101$kR ZOL$eAdultes$rBOOK",
    "995    $bLIEVIN$f00000000000102$kR ZOL$rDVD",
)
MINE = marc("2", "200 1  $aLa mine", "995    $f00000000000201$n20271231", "995    $kSans code")
NOVEL = marc(
    "3", "008 840206s1983    fr ||||f||||||||||||fre u", "245 10 $aGerminal :$bthe novel", "852    $aLENS$hR ZOL$p00000000000301",
    form=Format.MARC21,
)  # fmt: skip


@pytest.fixture
def engine(any_location: Location) -> Engine:
    return any_location.engine()


@pytest.fixture
def sqlite(location: Location) -> Engine:
    return location.engine()


def test_records_and_items_of_both_formats_arrive(engine: Engine) -> None:
    report, bad, _ = run_import(engine, GERMINAL + MINE)
    assert bad == []
    assert (report.added, report.items_added, report.items_without_barcode) == (2, 4, 1)
    report, bad, _ = run_import(engine, NOVEL)
    assert (report.added, report.items_added, bad) == (1, 1, [])
    with engine.begin() as connection:
        assert found(connection, Term((TITLE,), Kind.WORDS, "germinal"), [1]) == [1, 3]
        assert found(connection, Term((ISBN,), Kind.WORDS, "9782253004226")) == [1]
        rows = connection.execute(
            select(barcode.c.number, barcode.c.namespace, barcode.c.is_primary, item).join(item, item.c.id == barcode.c.item_id)
            .where(barcode.c.number.startswith("00000000000")).order_by(barcode.c.number)
        ).all()  # fmt: skip
        kept = connection.execute(select(record).order_by(record.c.id)).all()
    one, two, deposit, novel = rows
    assert (one.namespace, one.is_primary, one.owner_id, one.home_id, one.current_id) == ("LENS", 1, LENS, LENS, LENS)
    assert (one.title, one.author, one.location, one.call_number) == ("Le Germinal", "Zola, Émile", "Adultes", "R ZOL")
    assert (one.record_id, one.source, one.item_type_id, one.added_on) == (1, "LENS", 2, "2026-11-22")
    assert (two.namespace, two.owner_id, two.item_type_id) == ("LIEVIN", LIEVIN, 3)
    assert (deposit.owner_id, deposit.due_back_on) == (LENS, "2027-12-31")
    assert (novel.record_id, novel.call_number, novel.title) == (3, "R ZOL", "Germinal")
    assert [(row.source, row.control, row.format, row.version) for row in kept] == [
        ("LENS", "1", "unimarc", 1), ("LENS", "2", "unimarc", 1), ("LENS", "3", "marc21", 1),
    ]  # fmt: skip
    assert all(b"R ZOL" not in row.iso2709 for row in kept)  # Items are rows, the record holds them no more.


def test_a_second_run_changes_nothing(engine: Engine) -> None:
    run_import(engine, GERMINAL + MINE + NOVEL)
    before = content(engine)
    report, bad, _ = run_import(engine, GERMINAL + MINE + NOVEL, now=NOW + 86_400)
    assert content(engine) == before
    assert (report.unchanged, report.items_unchanged, bad) == (3, 5, [])
    assert not report.wrote


def test_a_dry_run_tells_all_and_changes_nothing(engine: Engine) -> None:
    before = content(engine)
    told, _, _ = run_import(engine, GERMINAL + MINE, dry_run=True, databases=["new"])
    assert content(engine) == before
    done, _, _ = run_import(engine, GERMINAL + MINE, databases=["new"])
    assert told == done


def test_what_changed_in_the_file_changes_and_what_happened_here_stays(sqlite: Engine) -> None:
    run_import(sqlite, GERMINAL)
    with sqlite.begin() as connection:
        connection.execute(
            update(item).where(item.c.call_number == "R ZOL").values(current_id=AVION, condition="repair")
        )
    changed = GERMINAL.replace(b"Germinal", b"Terminal").replace(b"$kR ZOL", b"$kR XYZ").replace(b"kR ZOL", b"kR XYZ")
    report, _, _ = run_import(sqlite, changed)
    assert (report.replaced, report.items_changed, report.items_added) == (1, 2, 0)
    with sqlite.begin() as connection:
        rows = connection.execute(select(item).where(item.c.record_id == 1)).all()
        assert found(connection, Term((TITLE,), Kind.WORDS, "germinal")) == []
        assert found(connection, Term((TITLE,), Kind.WORDS, "terminal")) == [1]
    assert {(row.call_number, row.title, row.current_id, row.condition) for row in rows} == {
        ("R XYZ", "Le Terminal", AVION, "repair")
    }


def test_records_without_or_of_the_same_control_number_are_known_by_their_content(sqlite: Engine) -> None:
    titles = [("", "Sans numéro"), ("", "Autre"), ("7", "Un"), ("7", "Deux"), ("7", "Un")]
    data = b"".join(marc(control, f"200 1  $a{title}", "801  0 $aFR") for control, title in titles)
    report, bad, file = run_import(sqlite, data)
    assert (report.added, file.seen.by_content) == (4, 3)
    assert [each.reason for each in bad] == [Reason.DUPLICATE]
    assert run_import(sqlite, data)[0].unchanged == 4


def test_databases_are_joined_and_made_when_new(sqlite: Engine) -> None:
    run_import(sqlite, GERMINAL, databases=["Bassin minier", "NETWORK"])
    run_import(sqlite, MINE, databases=["bassin MINIER"])
    with sqlite.begin() as connection:
        names = dict(tuple(row) for row in connection.execute(select(database.c.name, database.c.id)))
        assert names.keys() == {"network", "Bassin minier"}
        every = Term((TITLE,), Kind.WORDS, "le"), Term((TITLE,), Kind.WORDS, "la")
        assert [found(connection, query, [names["Bassin minier"]]) for query in every] == [[1], [2]]
        assert [found(connection, query, [names["network"]]) for query in every] == [[1], []]
        assert databases_named(connection, []) == [names["network"]]


def test_the_same_control_number_of_two_libraries_is_two_records(sqlite: Engine) -> None:
    run_import(sqlite, marc("1", "200 1  $aUn", "801  0 $aFR"), "LENS")
    report, _, _ = run_import(sqlite, marc("1", "200 1  $aUn", "801  0 $aFR"), "AVION")
    assert report.added == 1


# --- items --------------------------------------------------------------------------------------------------------------------


def test_items_that_cannot_be_are_refused_one_by_one(sqlite: Engine) -> None:
    data = marc("1", "200 1  $aUn", "995    $fA1", "995    $f9782253004226", "995    $fA1") + marc(
        "2", "200 1  $aDeux", "995    $fA1"
    )
    report, bad, _ = run_import(sqlite, data, size=1)
    assert bad == []
    assert report.items_added == 1
    assert report.refused == [
        ("1", "9782253004226", ItemProblem.ISBN),
        ("1", "A1", ItemProblem.TWICE),
        ("2", "A1", ItemProblem.TAKEN),
    ]
    again, _, _ = run_import(sqlite, data, size=1)
    assert (again.refused, again.items_added, again.items_changed) == (report.refused, 0, 0)


def test_an_item_that_was_declared_is_left_as_it_was(sqlite: Engine) -> None:
    with sqlite.begin() as connection:
        before = connection.execute(select(item).where(item.c.id == 1)).one()
        connection.execute(update(barcode).where(barcode.c.item_id == 1).values(namespace="LENS"))
    report, _, _ = run_import(sqlite, marc("1", "200 1  $aUn", "995    $fI1"))
    assert report.refused == [("1", "I1", ItemProblem.TAKEN)]
    with sqlite.begin() as connection:
        assert connection.execute(select(item).where(item.c.id == 1)).one() == before


def test_unknown_codes_are_counted_and_fall_back(sqlite: Engine) -> None:
    report, _, _ = run_import(sqlite, marc("1", "200 1  $aUn", "995    $b751072303$dMAG1$fA1$rzz"), "AVION")
    assert report.unknown == {("owner", "751072303"): 1, ("place", "MAG1"): 1, ("kind", "zz"): 1}
    with sqlite.begin() as connection:
        row = connection.execute(select(item).where(item.c.source == "AVION")).one()
    assert (row.owner_id, row.home_id, row.item_type_id) == (AVION, AVION, 2)


def test_libraries_are_known_by_code_isil_and_rcr(sqlite: Engine) -> None:
    data = b"".join(
        marc(code, "200 1  $aUn", f"995    $b{code}$fA{code}") for code in ("lievin", "FR-620000002", "620000002")
    )
    report, _, _ = run_import(sqlite, data)
    assert not report.unknown
    with sqlite.begin() as connection:
        owners = connection.execute(select(item.c.owner_id).where(item.c.source == "LENS")).scalars().all()
    assert set(owners) == {LIEVIN}


def test_an_unknown_library_is_refused(sqlite: Engine) -> None:
    with pytest.raises(UnknownLibrary):
        run_import(sqlite, GERMINAL, "NOWHERE")


def test_a_network_without_item_types_takes_records_and_refuses_their_items(tmp_path: Path) -> None:
    bare = Location(tmp_path)
    upgrade(bare.engine())
    with bare.engine().begin() as connection:
        connection.execute(insert(library).values(code="LENS", name="Lens"))
    report, bad, _ = run_import(bare.engine(), marc("1", "200 1  $aUn", "995    $fA1"))
    assert (report.added, report.items_added, bad) == (1, 0, [])
    assert report.refused == [("1", "A1", ItemProblem.NO_TYPE)]


@pytest.mark.parametrize(
    ("profile", "text", "expected"),
    [
        (
            "995",
            "995    $bX$dY$eS$f1$kC$lV$rK$n2027-01-02",
            SourceItem("X", "Y", "S", "1", "C", "V", "K", "2027-01-02"),
        ),
        ("995", "995    $f1$f2$nbientôt", SourceItem(barcode="1")),
        ("koha-995", "995    $bX$cY$f1$n20270102", SourceItem("X", "Y", barcode="1")),
        ("marc21", "852    $aX$bY$cS$hC$p1$3V", SourceItem("X", "Y", "S", "1", "C", "V")),
        ("marc21", "952    $aX$bY$cS$oC$p1$yK", SourceItem("X", "Y", "S", "1", "C", "", "K")),
    ],
)
def test_profiles(profile: str, text: str, expected: SourceItem) -> None:
    each = field(text)
    raw = [(each.tag.encode(), each.text().encode()), (b"200", b"1 \x1faTitre"), (b"995", b"  \x1fx")]
    items, others = source_items(raw, PROFILES[profile])
    assert items == [expected]
    assert (b"200", b"1 \x1faTitre") in others


def test_pmb_repeats_its_items_and_they_are_dropped() -> None:
    fields = [(b"995", b"  \x1ff1"), (b"996", b"  \x1f9expl_cb:1")]
    assert source_items(fields, PROFILES["pmb"]) == ([SourceItem(barcode="1")], [])


def test_a_profile_translates_the_codes_of_its_source(sqlite: Engine) -> None:
    file = MarcFile()
    (one,) = file.records([marc("1", "200 1  $aUn", "995    $bBIB1$fA1$rzz")])
    assert isinstance(one, SourceRecord)
    profile = Profile(PROFILES["995"].tags, libraries={"BIB1": "LIEVIN"}, kinds={"zz": "DVD"})
    with sqlite.begin() as connection:
        report = import_batch(connection, Task("LENS", (), profile, NOW), [one], new_records("LENS", [one]))
        row = connection.execute(select(item).where(item.c.source == "LENS")).one()
    assert not report.unknown
    assert (row.owner_id, row.item_type_id) == (LIEVIN, 3)


# --- reading ------------------------------------------------------------------------------------------------------------------


def read(data: bytes, options: Options | None = None) -> tuple[list[SourceRecord], list[BadRecord], MarcFile]:
    file = MarcFile(options or Options())
    found = list(file.records([data[at : at + 100] for at in range(0, len(data), 100)]))
    return [r for r in found if isinstance(r, SourceRecord)], [r for r in found if isinstance(r, BadRecord)], file


def test_xml_and_iso_2709_give_the_same_records() -> None:
    as_xml = "".join(marcxml.record_xml(raw[:24], iso2709.fields(raw)) for raw in (MINE, NOVEL))
    xml, bad, file = read(f"\n<collection>{as_xml}</collection>".encode())
    assert (bad, file.is_xml) == ([], True)
    assert xml == read(MINE + NOVEL)[0]


@pytest.mark.parametrize(
    ("bad_one", "reason"),
    [
        (GERMINAL.replace(b"nam0", b"nxm0"), Reason.NOT_BIBLIOGRAPHIC),
        (GERMINAL[:5] + b"d" + GERMINAL[6:], Reason.DELETED),
        (marc("7", "999    $aquoi"), Reason.UNKNOWN_FORMAT),
        (GERMINAL[:30] + b"?" + GERMINAL[31:], Reason.DIRECTORY),
        (b"12345 what is this?\x1d", Reason.TOO_SHORT),
        (MINE, Reason.DUPLICATE),
        (
            marc("8", "200 1  $aLong", *["300    $a" + "e" * 9_900] * 9, "300    $a" + "e" * 9_000).replace(
                b"e" * 9_000, b"\xe9" * 9_000
            ),
            Reason.UNWRITABLE,
        ),
    ],
)
def test_a_bad_record_is_refused_with_its_octets_and_the_others_are_read(bad_one: bytes, reason: Reason) -> None:
    good, bad, file = read(MINE + bad_one + NOVEL)
    assert [each.control for each in good] == ["2", "3"]
    assert [(each.reason, each.raw) for each in bad] == [(reason, bad_one)]
    assert file.seen.rejected == {reason: 1}
    assert file.seen.records == 3


def test_the_operator_knows_better_than_the_octets() -> None:
    octets = marc("1", "200 1  $aUn mot: X").replace(b"X", b"\x82")
    (one,), _, _ = read(octets, Options(charset=Charset.CP850))
    assert one.title == "Un mot: é"
    (two,), _, _ = read(marc("1", "999    $ax"), Options(form=Format.MARC21))
    assert two.form == "marc21"


def test_what_was_seen_is_counted() -> None:
    latin = GERMINAL.decode().replace("\x98", "").replace("\x9c", "").encode("latin-1")
    _, _, file = read(latin + MINE + NOVEL)
    assert file.seen.forms == {Format.UNIMARC: 2, Format.MARC21: 1}
    assert file.seen.charsets == {Charset.CP1252: 1, Charset.UTF8: 2}
    assert file.seen.octets == len(latin + MINE + NOVEL)
    assert file.seen.findings.total() > 0


@given(st.binary(max_size=300))
def test_no_octets_break_the_reader(data: bytes) -> None:
    file = MarcFile()
    try:
        assert all(isinstance(each, (SourceRecord, BadRecord)) for each in file.records([data]))
    except BrokenStream:
        assert file.is_xml


# --- rejects, and the way through a daemon ------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_xml", [False, True])
def test_rejects_can_be_put_right_and_imported_alone(tmp_path: Path, *, is_xml: bool) -> None:
    def form(raw: bytes) -> bytes:
        return marcxml.record_xml(raw[:24], iso2709.fields(raw)).encode() if is_xml else raw

    path = tmp_path / "rejects"
    with Rejects(path) as rejects:
        rejects.write(BadRecord(Reason.DUPLICATE, form(MINE), "2"), is_xml=is_xml)
        rejects.write(BadRecord(Reason.TRUNCATED, form(NOVEL).rstrip(b"\x1d")), is_xml=is_xml)
    good, bad, file = read(path.read_bytes())
    assert ([each.control for each in good], bad, file.is_xml) == (["2", "3"], [], is_xml)
    assert rejects.reasons_path.read_text().splitlines() == [
        f"1\t{Reason.DUPLICATE.value}: 2",
        f"2\t{Reason.TRUNCATED.value}",
    ]


def test_without_rejects_there_is_no_file(tmp_path: Path) -> None:
    with Rejects(tmp_path / "rejects"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_batches_and_reports_travel_as_json(sqlite: Engine) -> None:
    batch, _, _ = read(GERMINAL + marc("9", "200 1  $aUn", "995    $bWHO$f9782253004226"))

    def write(function: object, *args: object) -> Report:
        with sqlite.begin() as connection:
            report: Report = function(connection, *args)  # type: ignore[operator]
            return report

    sent = json.loads(json.dumps({"library": "LENS", "databases": [], "records": batch, "now": NOW}))
    report = Report.from_json(json.loads(json.dumps(import_json(write, **sent))))
    assert (report.added, report.items_added) == (2, 2)
    assert report.refused == [("9", "9782253004226", ItemProblem.ISBN)]
    assert report.unknown == {("owner", "WHO"): 1}
    assert import_json(write, library="LENS", databases=[], records=[], now=NOW) == Report().to_json()


@pytest.mark.parametrize("layout", [LAYOUT, LAYOUT - 1])
def test_an_index_that_comes_along_is_that_of_this_layout_or_is_not_used(sqlite: Engine, layout: int) -> None:
    batch, _, _ = read(GERMINAL + marc("9", "200 1  $aUn"))
    others = [(Format(each.form), each.text.replace("Germinal", "Nana").encode()) for each in batch]

    def write(function: object, *args: object) -> Report:
        with sqlite.begin() as connection:
            report: Report = function(connection, *args)  # type: ignore[operator]
            return report

    sent = {"library": "LENS", "databases": [], "records": batch, "index": index_of(others), "layout": layout}
    import_json(write, **json.loads(json.dumps(sent)), now=NOW)
    with sqlite.connect() as connection:
        terms = set(connection.execute(select(posting.c.term).where(posting.c.access_point == TITLE.code)).scalars())
    assert ("nana" in terms, "germinal" in terms, "un" in terms) == (layout == LAYOUT, layout != LAYOUT, True)


# --- property -----------------------------------------------------------------------------------------------------------------

CONTROLS = st.sampled_from(["", "1", "2", "3"])
ITEMS = st.builds(
    lambda owner, number, kind: f"995    $b{owner}$f{number}$r{kind}".replace("$f$", "$"),
    st.sampled_from(["", "LENS", "AVION", "WHO"]), st.sampled_from(["", "A1", "A2", "A3", "9782253004226"]), st.sampled_from(["", "DVD"]),
)  # fmt: skip
MARC = st.builds(
    lambda control, title, items: marc(control, f"200 1  $a{title}", "801  0 $aFR", *items),
    CONTROLS, st.sampled_from(["Été", "œuvre", "mine"]), st.lists(ITEMS, max_size=3),
)  # fmt: skip


@pytest.fixture(scope="module")
def open_connection(small_network_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A connection to a small network, for examples that are undone."""
    directory = tmp_path_factory.mktemp("import") / "store"
    shutil.copytree(small_network_template, directory)
    with Location(directory).engine().connect() as connection:
        yield connection


@settings(max_examples=40)
@given(st.lists(MARC, max_size=6), st.integers(1, 4), st.integers(1, 4))
def test_importing_twice_gives_the_same_database(
    open_connection: Connection, files: list[bytes], size: int, other: int
) -> None:
    try:
        first, bad, _ = run_import(open_connection, b"".join(files), size=size)
        before = content(open_connection)
        second, bad_again, _ = run_import(open_connection, b"".join(files), size=other, now=NOW + 1_000_000)
        assert content(open_connection) == before
        assert (second.unchanged, second.wrote) == (first.added, False)
        assert [str(each) for each in bad_again] == [str(each) for each in bad]
        assert sorted((c, n) for c, n, _ in second.refused) == sorted((c, n) for c, n, _ in first.refused)
    finally:
        open_connection.rollback()


def test_the_networks_libraries_are_the_ones_meant_here(sqlite: Engine) -> None:
    with sqlite.begin() as connection:
        codes = dict(tuple(row) for row in connection.execute(select(library.c.id, library.c.code)))
    assert (codes[LENS], codes[LIEVIN], codes[AVION]) == ("LENS", "LIEVIN", "AVION")
