"""Real files imported: the French serials and the MARC-8 set are found with and without accents."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.catalogue.access_points import ANY, ISSN, PERSON, SUBJECT, TITLE, by_use
from storage.catalogue.hits import Hits
from storage.catalogue.query import Kind, Term
from storage.database import Location
from tests.storage.catalogue.running import found
from tests.storage.intake.importing import content, run_import


@pytest.fixture
def data(shared_data: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (shared_data / "marc").glob("*.mrc")}


def test_3064_real_unimarc_serials_are_imported_and_found(location: Location, data: dict[str, bytes]) -> None:
    engine = location.engine()
    report, bad, file = run_import(engine, data["refman-periouni.mrc"], size=500)
    assert (report.added, bad, file.seen.records) == (3064, [], 3064)
    with engine.begin() as connection:
        hits = Hits()

        def count(kind: Kind, text: str, point: object = TITLE) -> int:
            return len(found(connection, Term((point,), kind, text), [1], hits))  # type: ignore[arg-type]

        for plain, accented in [
            ("economie", "économie"),
            ("societe", "SOCIÉTÉ"),
            ("etudes", "études"),
            ("francaise", "Française"),
        ]:
            assert count(Kind.WORDS, plain) == count(Kind.WORDS, accented) > 10
        assert count(Kind.WORDS, "l'économie") == count(Kind.WORDS, "economie")
        assert count(Kind.WORDS, "1251-8107", ISSN) == count(Kind.WORDS, "12518107", ANY) == 1
        assert 0 < count(Kind.PHRASE, "cahiers de la") <= count(Kind.WORDS, "cahiers de la")
        assert count(Kind.PREFIX, "econom") > count(Kind.WORDS, "economie")
        assert 1 <= count(Kind.HEADING, "4 pages (Noisy-le-Grand)") <= 2  # The second one has it among its links.
        assert count(Kind.WORDS, "périodiques", SUBJECT) > 1000


def test_a_second_import_of_real_records_with_items_changes_nothing(location: Location, data: dict[str, bytes]) -> None:
    engine = location.engine()
    names = ("refman-cotes8.mrc", "refman-cotesD.mrc", "refman-cotesT.mrc")
    first = [run_import(engine, data[name], size=20)[0] for name in names]
    assert sum(report.items_added for report in first) > 90
    assert not any(report.refused for report in first)
    before = content(engine)
    assert not any(run_import(engine, data[name], size=7)[0].wrote for name in names)
    assert content(engine) == before


def test_marc_8_french_is_found_with_and_without_accents(location: Location, data: dict[str, bytes]) -> None:
    engine = location.engine()
    report, bad, _ = run_import(engine, data["eg-lul_fre_500.mrc"], size=200)
    assert (report.added, bad) == (500, [])
    with engine.begin() as connection:
        for plain, accented in [("legendes", "légendes"), ("theophanies", "Théophanies"), ("felice", "Félice")]:
            numbers = [found(connection, Term((ANY,), Kind.WORDS, text), [1]) for text in (plain, accented)]
            assert numbers[0] == numbers[1] != []
        assert found(connection, Term((PERSON,), Kind.PHRASE, "Marcel Hébert"))
        assert found(connection, Term(by_use[1003], Kind.WORDS, "hebert marcel"))
