from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import config, reference
from server.config import Config, ConfigurationError, Format, Level

BASE = Path("/srv/bibliobus")


def problems(text: str) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        config.parse(text, "bibliobus.toml", BASE)
    return dict(caught.value.problems)


def test_an_empty_file_gives_the_defaults_with_paths_beside_the_file() -> None:
    found = config.parse("", "bibliobus.toml", BASE)
    assert found.store.data == BASE / "data"
    assert attrs.evolve(found, store=Config().store) == Config()


def test_every_default_listens_on_loopback_alone() -> None:
    endpoints = [endpoint for wire in attrs.astuple(Config().listen) for endpoint in wire]
    assert len(endpoints) == 3
    assert all(endpoint.endswith(":interface=127.0.0.1") for endpoint in endpoints)


def test_all_faults_of_a_file_are_told_at_once_with_their_place() -> None:
    found = problems(
        """
        [store]
        data = 3
        ulr = "postgresql://db/network"
        [listen]
        sip2 = "tcp:6001"
        web = ["tcp:8080", 8081]
        [log]
        level = "loud"
        [lgo]
        format = "json"
        """
    )
    assert set(found) == {"store.data", "store.ulr", "listen.sip2", "listen.web[1]", "log.level", "lgo"}
    assert "data, url, password_file" in found["store.ulr"]
    assert "debug, info, warn, error" in found["log.level"]


def test_a_table_that_is_no_table_is_told() -> None:
    assert set(problems("store = 1\nlog = []\n")) == {"store", "log"}


def test_what_is_not_toml_is_told_with_its_line() -> None:
    assert "line 2" in problems("[store]\ndata = \n")[""]


@pytest.mark.parametrize("url", ["mysql://db/network", "network.sqlite"])
def test_a_url_of_another_database_is_refused(url: str) -> None:
    assert set(problems(f'[store]\nurl = "{url}"\n')) == {"store.url"}


@pytest.mark.parametrize("url", ["postgresql://me:secret@db/network", "postgresql://me@db/network?password=secret"])
def test_a_password_in_the_file_is_refused_without_repeating_it(url: str) -> None:
    found = problems(f'[store]\nurl = "{url}"\n')
    assert "secret" not in str(found)
    assert "password_file" in found["store.url"]


def test_a_daemon_that_would_listen_nowhere_is_refused() -> None:
    assert set(problems("[listen]\nsip2 = []\nz3950 = []\nweb = []\n")) == {"listen"}


def test_a_wire_may_be_left_out() -> None:
    assert config.parse("[listen]\nz3950 = []\n", "x", BASE).listen.z3950 == ()


@pytest.mark.parametrize(
    ("written", "seconds"), [("90", 90.0), ("1.5", 1.5), ('"30s"', 30.0), ('"5 m"', 300.0), ('"1h"', 3600.0)]
)
def test_spans_of_time_are_seconds_or_texts(written: str, seconds: float) -> None:
    assert config.parse(f"[sip2]\nidle_timeout = {written}\n", "x", BASE).sip2.idle_timeout == seconds


@pytest.mark.parametrize("written", ["0", "-1", "true", '"5 years"', '"0s"', '""', "[]"])
def test_what_is_no_span_of_time_is_refused(written: str) -> None:
    assert "30s" in problems(f"[sip2]\nidle_timeout = {written}\n")["sip2.idle_timeout"]


@pytest.mark.parametrize("written", ["0", "-1", "1.0", "true", '"1"'])
def test_what_is_no_number_of_connections_is_refused(written: str) -> None:
    assert set(problems(f"[z3950]\nconnections = {written}\n")) == {"z3950.connections"}


def test_the_file_is_the_one_named_else_the_environments_else_the_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.find(None, {}) is None
    (tmp_path / config.FILE).touch()
    assert config.find(None, {}) == Path(config.FILE)
    assert config.find(None, {config.ENVIRONMENT: "/etc/b.toml"}) == Path("/etc/b.toml")
    assert config.find(Path("c.toml"), {config.ENVIRONMENT: "/etc/b.toml"}) == Path("c.toml")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        config.read(tmp_path / "missing.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        config.read(tmp_path / "latin.toml")


def test_the_password_reaches_libpq_and_no_value_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "")
    (tmp_path / "password").write_text("s3cret\n")
    text = '[store]\nurl = "postgresql://me@db/network"\npassword_file = "password"\n'
    found = config.parse(text, "x", tmp_path)
    config.provide_password(found.store)
    assert os.environ["PGPASSWORD"] == "s3cret"
    assert "s3cret" not in repr(found) + repr(found.store.location) + config.render(found)


def test_a_password_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    table = attrs.evolve(Config().store, url="postgresql://db/x", password_file=str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="none"):
        config.provide_password(table)


def test_what_show_config_prints_is_read_back_as_it_was() -> None:
    assert config.parse(config.render(Config()), "x", Path()) == Config()


texts = st.text(st.characters(codec="utf-8"), max_size=12)


@given(
    data=texts.filter(lambda text: text and "\0" not in text),
    endpoints=st.lists(texts, min_size=1, max_size=3),
    level=st.sampled_from(Level),
)
def test_any_configuration_survives_being_written_and_read(data: str, endpoints: list[str], level: Level) -> None:
    written = Config(
        store=config.StoreTable(data=Path(data)),
        listen=config.ListenTable(sip2=tuple(endpoints)),
        log=config.LogTable(level=level, format=Format.JSON),
    )
    assert config.parse(config.render(written), "x", Path()) == written


values = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["store", "listen", "sip2", "log", "other"]), values))
def test_no_file_does_worse_than_being_refused(table: dict[str, Any]) -> None:
    with suppress(ConfigurationError):
        config.structure(table, "bibliobus.toml", BASE)


def test_every_key_has_a_meaning_and_stands_in_the_reference_page() -> None:
    page = reference.configuration()
    for name, table in config.tables(Config()):
        assert f"## `[{name}]`" in page
        for field in attrs.fields(type(table)):
            assert field.metadata["doc"] in page
            assert f"| `{field.name}` |" in page
