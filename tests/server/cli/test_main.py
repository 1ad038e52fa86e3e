from __future__ import annotations

import ast
import json
import os
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text, update

import server
from protocols.marc.canonical import Finding
from protocols.marc.charsets import Charset
from protocols.marc.errors import Reason
from protocols.marc.format import Format
from server import config, reference
from server.cli import importing as cli_import
from server.cli.common import MEANINGS, Exit
from server.cli.main import main
from server.demo import STAGES
from server.french import FRENCH
from storage.catalogue.records import save_records
from storage.database import Location
from storage.intake.holdings import PROFILES
from storage.intake.marc_import import ItemProblem
from storage.jobs.table import JOBS
from storage.schema import catalogue_version
from tests.storage.catalogue.corpus import NOW, RECORDS
from tests.storage.intake.importing import marc

NETWORK = '[[libraries]]\ncode = "LOOS"\nname = "Loos"\n'


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in a folder without a configuration, and keep the umask that commands set from other tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(config.ENVIRONMENT, raising=False)
    before = os.umask(0o022)
    yield
    os.umask(before)


def run(*arguments: object, expect: Exit = Exit.DONE) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == expect, result.output
    return result


def every_command(group: click.Group = main, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        inner = (*path, name)
        found += every_command(command, inner) if isinstance(command, click.Group) else [inner]
    return found


# --- the command line itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", every_command(), ids=" ".join)
def test_every_command_and_option_has_its_help(path: tuple[str, ...]) -> None:
    assert "Usage:" in run(*path, "--help").output
    command: Any = main
    for name in path:
        command = command.commands[name]
    assert command.help
    assert all(param.help for param in command.params if isinstance(param, click.Option))


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Exit)


def test_the_version_is_told() -> None:
    assert "0.1.0" in run("--version").output


def test_help_needs_no_heavy_module() -> None:
    program = "import sys, server.cli.main; print([name for name in ('sqlalchemy', 'twisted', 'lxml', 'rich') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_wrong_usage_has_its_code() -> None:
    run("load", expect=Exit.USAGE)
    run("load", "missing.toml", expect=Exit.USAGE)
    run("dance", expect=Exit.USAGE)


def test_choices_are_those_of_the_store() -> None:
    assert set(cli_import.FORMATS) == {"auto", *(form.value for form in Format)}
    assert set(cli_import.CHARSETS) == {"auto", *(charset.value for charset in Charset)}
    assert set(cli_import.PROFILES) == set(PROFILES)


# --- configuration -------------------------------------------------------------------------------------------------------


def test_show_config_prints_a_file_that_says_the_same(tmp_path: Path) -> None:
    printed = run("show-config", "--defaults").output
    (tmp_path / "printed.toml").write_text(printed)
    run("check-config", "-c", "printed.toml")
    assert config.read(Path("printed.toml")) == config.Config()


def test_options_come_before_the_file(tmp_path: Path) -> None:
    (tmp_path / config.FILE).write_text('[store]\ndata = "there"\n[log]\nlevel = "debug"\n')
    printed = run("show-config", "--data", "elsewhere").output
    assert 'data = "elsewhere"' in printed
    assert 'level = "debug"' in printed


def test_check_config_tells_every_fault_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('[store]\nurl = 3\n[log]\nlevel = "loud"\n')
    output = run("check-config", "-c", "bad.toml", expect=Exit.CONFIGURATION).output
    assert "store.url" in output
    assert "log.level" in output


def test_check_config_looks_at_endpoints_and_certificates(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        '[listen]\nsip2 = ["tcp:6001", "tcp:x"]\nweb = ["ssl:8443:privateKey=none.pem"]\n'
    )
    output = run("check-config", "-c", "bad.toml", expect=Exit.CONFIGURATION).output
    assert "listen.sip2[1]" in output
    assert "listen.web[0]" in output
    assert "none.pem: No such file" in output


# --- load ----------------------------------------------------------------------------------------------------------------


def test_load_declares_and_says_what_changed(tmp_path: Path, location: Location) -> None:
    (tmp_path / "network.toml").write_text(NETWORK)
    dry = run("load", "network.toml", "--data", location.directory, "--dry-run").output
    assert "1 added" in dry
    assert "Nothing was written." in dry
    assert "1 added" in run("load", "network.toml", "--data", location.directory).output
    counts = json.loads(run("load", "network.toml", "--data", location.directory, "--json").output)
    assert counts == {"libraries": {"added": 0, "changed": 0, "unchanged": 1}}


def test_load_refuses_a_faulty_file_with_every_fault(tmp_path: Path, location: Location) -> None:
    (tmp_path / "network.toml").write_text('[[libraries]]\ncod = "LOOS"\n[[devices]]\nlogin = "k"\nlibrary = "LYON"\n')
    refused = run("load", "network.toml", "--data", location.directory, "--json", expect=Exit.REFUSED)
    problems = json.loads(refused.stdout)["problems"]
    assert {problem["path"] for problem in problems} >= {"libraries[0].cod", "devices[0].library"}
    assert "libraries[0].cod" in refused.stderr


def test_load_refuses_what_is_not_utf8(tmp_path: Path, location: Location) -> None:
    (tmp_path / "network.toml").write_bytes(b'[network]\nname = "Li\xe9vin"\n')
    run("load", "network.toml", "--data", location.directory, expect=Exit.REFUSED)


def test_a_store_in_use_is_told(tmp_path: Path, location: Location) -> None:
    (tmp_path / "network.toml").write_text(NETWORK)
    with location.write_lock():
        told = run("load", "network.toml", "--data", location.directory, expect=Exit.UNAVAILABLE)
    assert str(location.directory) in told.stderr


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    (tmp_path / "network.toml").write_text(NETWORK)
    (tmp_path / config.FILE).write_text(f'[store]\nurl = "postgresql://nobody@/none?host={tmp_path}"\n')
    assert "does not answer" in run("load", "network.toml", expect=Exit.UNAVAILABLE).stderr


def test_a_password_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "network.toml").write_text(NETWORK)
    (tmp_path / config.FILE).write_text('[store]\nurl = "postgresql://me@db/x"\npassword_file = "none"\n')
    for command in (("load", "network.toml"), ("db", "upgrade"), ("db", "check")):
        assert "none: cannot be read" in run(*command, expect=Exit.CONFIGURATION).stderr


# --- import --------------------------------------------------------------------------------------------------------------


def records(*controls: str) -> bytes:
    return b"".join(
        marc(control, "200 1  $aTitre", "801  0 $aFR", f"995    $bLENS$dLENS$fB{control}$kR ZOL")
        for control in controls
    )


def test_import_takes_records_with_items_and_a_second_time_changes_nothing(tmp_path: Path, location: Location) -> None:
    (tmp_path / "books.mrc").write_bytes(records("1", "2"))
    output = run("import", "books.mrc", "--library", "lens", "--data", location.directory).output
    assert "2 read, 2 added" in output
    assert "items: 2 added" in output
    told = json.loads(run("import", "books.mrc", "--library", "LENS", "--data", location.directory, "--json").output)
    assert (told["records"], told["unchanged"], told["items_unchanged"], told["rejects"]) == (2, 2, 2, None)
    assert told["formats"] == {"unimarc": 2}
    assert not (tmp_path / "books.mrc.rejects").exists()


def test_import_dry_run_writes_nothing(tmp_path: Path, location: Location) -> None:
    (tmp_path / "books.mrc").write_bytes(records("1"))
    for _ in range(2):
        output = run("import", "books.mrc", "--library", "LENS", "--data", location.directory, "--dry-run").output
        assert "1 added" in output
        assert "Nothing was written." in output


def test_import_keeps_what_it_rejects_with_the_reasons(tmp_path: Path, location: Location) -> None:
    (tmp_path / "books.mrc").write_bytes(records("1", "1") + b"00050nam0 2200000   450 not a record at all......\x1d")
    arguments = ("import", "books.mrc", "--library", "LENS", "--data", location.directory)
    output = run(*arguments, expect=Exit.PARTLY).output
    assert "2 rejected" in output
    assert "Rejected records are in books.mrc.rejects." in output
    reasons = (tmp_path / "books.mrc.rejects.reasons.txt").read_text()
    assert Reason.DUPLICATE.value in reasons
    run(*arguments, "--rejects", "elsewhere.mrc", expect=Exit.PARTLY)
    assert (tmp_path / "elsewhere.mrc").read_bytes() == (tmp_path / "books.mrc.rejects").read_bytes()


def test_import_of_nothing_usable_is_refused(tmp_path: Path, location: Location) -> None:
    (tmp_path / "noise.mrc").write_bytes(b"this is no record\x1d" * 3)
    run("import", "noise.mrc", "--library", "LENS", "--data", location.directory, expect=Exit.REFUSED)


def test_import_for_an_unknown_library_is_refused(tmp_path: Path, location: Location) -> None:
    (tmp_path / "books.mrc").write_bytes(records("1"))
    told = run("import", "books.mrc", "--library", "LYON", "--data", location.directory, expect=Exit.REFUSED)
    assert "LYON" in told.stderr


def test_import_keeps_what_came_before_xml_that_breaks(tmp_path: Path, location: Location) -> None:
    whole = """<collection xmlns="http://www.loc.gov/MARC21/slim"><record><leader>     nam a22     4i 4500</leader>
    <controlfield tag="001">X1</controlfield><datafield tag="245" ind1="0" ind2="0"><subfield code="a">Nana</subfield>
    </datafield></record><record>"""
    (tmp_path / "books.xml").write_text(whole + "</collection>")
    told = run("import", "books.xml", "--library", "LENS", "--data", location.directory, expect=Exit.PARTLY)
    assert "1 added" in told.output
    assert "cannot be read on" in told.stderr


def test_import_tells_the_codes_that_the_network_does_not_know(tmp_path: Path, location: Location) -> None:
    (tmp_path / "books.mrc").write_bytes(marc("1", "200 1  $aTitre", "801  0 $aFR", "995    $bNOWHERE$fB1$rzz"))
    output = run("import", "books.mrc", "--library", "LENS", "--data", location.directory).output
    assert "code NOWHERE of the source (owner)" in output


# --- db and daemon -------------------------------------------------------------------------------------------------------


def test_what_a_command_makes_is_for_its_owner_alone(tmp_path: Path) -> None:
    run("db", "upgrade", "--data", "new")
    assert {path.stat().st_mode & 0o077 for path in [tmp_path / "new", *(tmp_path / "new").iterdir()]} == {0}


def test_db_upgrade_makes_the_schema_and_says_so(tmp_path: Path) -> None:
    assert "from - to" in run("db", "upgrade", "--data", "new").output
    assert "up to date" in run("db", "upgrade", "--data", "new").output
    assert "sound" in run("db", "check", "--data", "new").output


def test_an_index_of_another_release_is_refused_until_db_upgrade_makes_it_anew(location: Location) -> None:
    with location.engine().begin() as connection:
        save_records(connection, RECORDS, [], NOW)
        connection.execute(update(catalogue_version).values(layout=0))
    assert "db upgrade" in run("db", "check", "--data", location.directory, expect=Exit.SCHEMA).stderr
    made = run("db", "upgrade", "--data", location.directory).output
    assert f"made anew: {len(RECORDS)} records" in made
    assert "made anew" not in run("db", "upgrade", "--data", location.directory).output
    run("db", "check", "--data", location.directory)


def test_db_check_of_no_store_makes_none(tmp_path: Path) -> None:
    run("db", "check", "--data", "nowhere", expect=Exit.SCHEMA)
    assert not (tmp_path / "nowhere").exists()


def test_db_check_tells_another_releases_schema(location: Location) -> None:
    with location.engine().begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert "db upgrade" in run("db", "check", "--data", location.directory, expect=Exit.SCHEMA).stderr


def test_db_check_tells_what_points_nowhere(location: Location) -> None:
    engine = location.engine()
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        connection.execute(text("UPDATE item SET owner_id = 99 WHERE id = 1"))
        connection.commit()
    refused = run("db", "check", "--data", location.directory, "--json", expect=Exit.FAILED)
    (fault,) = json.loads(refused.stdout)["faults"]
    assert "item, row 1" in fault


@pytest.mark.parametrize("command", ["status", "reload", "stop"])
def test_a_daemon_that_is_not_there_is_told(command: str, location: Location) -> None:
    told = run("daemon", command, "--data", location.directory, expect=Exit.UNAVAILABLE)
    assert "control.sock" in told.stderr


# --- French --------------------------------------------------------------------------------------------------------------


def said() -> set[str]:
    """Return every text that the code has translated."""
    found = set()
    for path in Path(server.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                found |= {str(part.value) for part in node.args if isinstance(part, ast.Constant)}
    values = {member.value for members in (Reason, Finding, ItemProblem) for member in members}
    titles = {job.title for job in JOBS.values()}
    return found | values | titles | {"owner", "place", "kind", *STAGES}


def clicks() -> set[str]:
    """Return every text of click's own."""
    found = set()
    for path in Path(click.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"_", "ngettext"}:
                found.add("\0".join(str(part.value) for part in node.args if isinstance(part, ast.Constant)))
    return found


def test_everything_that_is_said_is_said_in_french_too() -> None:
    assert said() - set(FRENCH) == set()


def test_nothing_is_translated_that_nobody_says() -> None:
    assert set(FRENCH) - said() - clicks() == set()


@pytest.mark.parametrize("english", sorted(FRENCH), ids=range(len(FRENCH)))
def test_both_languages_have_the_same_blanks(english: str) -> None:
    formatter = string.Formatter()

    def blanks(template: str) -> set[str | None]:
        return {name for _, name, _, _ in formatter.parse(template) if name}

    assert blanks(FRENCH[english]) == blanks(english)


def bibliobus(*arguments: str, language: str) -> str:
    environment = {**os.environ, "LANG": f"{language}.UTF-8"}
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "server", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=reference.ROOT)
    return done.stdout + done.stderr


def test_the_language_is_that_of_the_environment() -> None:
    assert "Lance le service." in bibliobus("--help", language="fr_FR")
    assert "Run the daemon." in bibliobus("--help", language="en_GB")
    assert "Erreur : Il manque l'argument 'FILE'." in bibliobus("load", language="fr_FR")


# --- what is written from tables -----------------------------------------------------------------------------------------


def test_no_reference_page_and_no_catalogue_is_stale() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server.reference", "--check"],
        check=False,
        capture_output=True,
        text=True,
        cwd=reference.ROOT,
    )
    assert done.stdout == ""


def test_jobs_are_listed_and_done_without_a_daemon(location: Location) -> None:
    listed = json.loads(run("job", "list", "--data", location.directory, "--json").output)
    assert [job["job"] for job in listed] == list(JOBS)
    assert all(job["began_at"] is None for job in listed)
    done = json.loads(run("job", "run", "forget-loans", "--data", location.directory, "--json").output)
    assert done == {"job": "forget-loans", "done": 0}
    assert "Cut the link" in run("job", "list", "--data", location.directory).output
    unknown = run("job", "run", "dance", "--data", location.directory, expect=Exit.USAGE)
    assert "forget-holds" in unknown.output
