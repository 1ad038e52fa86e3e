"""The configuration: `bibliobus.toml`, one class per table, one documented attribute per key.

The classes are all there is: the reader, the error messages, `show-config` and the reference page derive from them. What
librarians change (loan rules, calendars, devices) is in the store, with its history, and not here.

Secrets are never in the file: a password is in a file of its own (`password_file`) or in the environment.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NewType, NoReturn

import attrs
from cattrs import ClassValidationError, Converter, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn

from protocols.marc.charsets import Charset
from server.words import _
from storage.catalogue.ranks import PLACES, SourceRank
from storage.database import Location

FILE: Final = "bibliobus.toml"
ENVIRONMENT: Final = "BIBLIOBUS_CONFIG"
"""Names the configuration file when the command line does not."""

Seconds = NewType("Seconds", float)
"""A span of time; written as a number of seconds, or as `"30s"`, `"5m"`, `"1h"`."""
Count = NewType("Count", int)
"""A whole number above zero."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}


class ConfigurationError(Exception):
    """What is wrong with a configuration: `problems`, each a (TOML path, text)."""

    def __init__(self, source: str, problems: Sequence[tuple[str, str]]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(
            "\n".join(f"{source}: {path}: {text}" if path else f"{source}: {text}" for path, text in problems)
        )


class Level(StrEnum):
    """How grave an event must be to be logged."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class Format(StrEnum):
    """How log lines look; `auto` is text on a terminal and JSON elsewhere."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


def _doc(text: str) -> dict[str, str]:
    return {"doc": text}


@attrs.frozen(kw_only=True)
class StoreTable:
    """Where the store is."""

    data: Path = attrs.field(
        default=Path("data"),
        metadata=_doc(
            "Directory of the SQLite file, the pepper of PINs and the control socket. Relative to the file; backed up whole."
        ),
    )
    url: str = attrs.field(
        default="",
        metadata=_doc(
            "PostgreSQL database (`postgresql://user@host/name`), without a password; empty: SQLite in `data`."
        ),
    )
    password_file: str = attrs.field(
        default="",
        metadata=_doc(
            "File that holds the PostgreSQL password. Without one, libpq's own ways apply (`PGPASSWORD`, `~/.pgpass`)."
        ),
    )

    read_only: bool = attrs.field(
        default=False,
        metadata=_doc(
            "Read the SQLite file beside the daemon that writes it, and serve Z39.50 alone, on ports of its own: for when one "
            "core is not enough. On PostgreSQL run another daemon instead."
        ),
    )

    @property
    def location(self) -> Location:
        """The store that this table names."""
        return Location(self.data, self.url)


@attrs.frozen(kw_only=True)
class ListenTable:
    """Where the daemon listens: Twisted server endpoint descriptions (`tcp:`, `ssl:`, `unix:`, `systemd:`, `haproxy:`)."""

    sip2: tuple[str, ...] = attrs.field(
        default=("tcp:6001:interface=127.0.0.1",), metadata=_doc("SIP2: kiosks, gates, sorters, platforms.")
    )
    z3950: tuple[str, ...] = attrs.field(
        default=("tcp:2100:interface=127.0.0.1",), metadata=_doc("Z39.50, and SRU and OAI-PMH on the same ports.")
    )
    web: tuple[str, ...] = attrs.field(
        default=("tcp:8080:interface=127.0.0.1",),
        metadata=_doc("HTTP: NCIP at `/ncip`, SRU at `/sru`, OAI-PMH at `/oai`; `/healthz`, `/readyz`, `/metrics`."),
    )
    ncip: tuple[str, ...] = attrs.field(
        default=(), metadata=_doc("NCIP without HTTP: documents on a bare line, `tcp:` or `ssl:`.")
    )


@attrs.frozen(kw_only=True)
class SIP2Table:
    """SIP2 connections."""

    connections: Count = attrs.field(
        default=Count(4096), metadata=_doc("How many there may be at once; more are closed as they come.")
    )
    login_timeout: Seconds = attrs.field(
        default=Seconds(60.0), metadata=_doc("How long a new connection may take to log in.")
    )
    idle_timeout: Seconds = attrs.field(
        default=Seconds(600.0),
        metadata=_doc("How long a device may be silent. Kiosks ask for the status (99) every five to seven minutes."),
    )


@attrs.frozen(kw_only=True)
class Z3950Table:
    """Z39.50 associations."""

    connections: Count = attrs.field(
        default=Count(4096), metadata=_doc("How many there may be at once; more are closed as they come.")
    )
    idle_timeout: Seconds = attrs.field(
        default=Seconds(8 * 3600.0),
        metadata=_doc("How long an association may be silent: a cataloguer finds the result set there after lunch."),
    )


@attrs.frozen(kw_only=True)
class NCIPTable:
    """NCIP messages."""

    anonymous: str = attrs.field(
        default="",
        metadata=_doc("Agency that a message without a FromAgencyId is taken to come from; empty: it is refused."),
    )
    message_size: Count = attrs.field(default=Count(1 << 20), metadata=_doc("The longest message taken, in octets."))
    connections: Count = attrs.field(default=Count(256), metadata=_doc("How many bare lines there may be at once."))
    idle_timeout: Seconds = attrs.field(default=Seconds(300.0), metadata=_doc("How long a bare line may be silent."))


@attrs.frozen(kw_only=True)
class WebTable:
    """The web listener."""

    connections: Count = attrs.field(
        default=Count(512), metadata=_doc("How many there may be at once; more are closed as they come.")
    )
    bodies: Count = attrs.field(
        default=Count(64 << 20),
        metadata=_doc("Octets of all messages that are on their way in; more are told to come again."),
    )
    deadline: Seconds = attrs.field(default=Seconds(30.0), metadata=_doc("How long a request may take to come."))


@attrs.frozen(kw_only=True)
class LogTable:
    """What is written to standard error: never PINs, names, cards or bodies of messages."""

    level: Level = attrs.field(default=Level.INFO, metadata=_doc("The least grave events shown."))
    format: Format = attrs.field(default=Format.AUTO, metadata=_doc("How lines look."))


@attrs.frozen(kw_only=True)
class CatalogueTable:
    """Whose records are preferred when two of one document are merged: after the national library's, those of these libraries."""

    departmental: tuple[str, ...] = attrs.field(default=(), metadata=_doc("Codes of departmental libraries."))
    large: tuple[str, ...] = attrs.field(default=(), metadata=_doc("Codes of large libraries."))


class Wire(StrEnum):
    """What a target speaks."""

    Z3950 = "z3950"
    SRU = "sru"


@attrs.frozen(kw_only=True)
class TargetTable:
    """A catalogue elsewhere that `bibliobus fetch` asks; write one such table for each."""

    name: str = attrs.field(metadata=_doc("How it is called here."))
    kind: Wire = attrs.field(default=Wire.Z3950, metadata=_doc("What it speaks: `z3950` or `sru`."))
    host: str = attrs.field(default="", metadata=_doc("Z39.50: its host."))
    port: Count = attrs.field(default=Count(210), metadata=_doc("Z39.50: its port."))
    tls: bool = attrs.field(default=False, metadata=_doc("Z39.50: whether the line is TLS from its first octet."))
    authority: str = attrs.field(
        default="",
        metadata=_doc(
            "File of the certificates (PEM) that its own must come from; empty: the system's authorities. Relative to the file."
        ),
    )
    database: str = attrs.field(default="Default", metadata=_doc("Z39.50: the database, or several with `+` between."))
    url: str = attrs.field(default="", metadata=_doc("SRU: its address, `http:` or `https:`."))
    version: str = attrs.field(default="1.2", metadata=_doc("SRU: the version of the protocol."))
    syntax: tuple[str, ...] = attrs.field(
        default=(),
        metadata=_doc(
            "Record syntaxes (Z39.50: `unimarc`, `usmarc`, or object identifiers) or schemas (SRU), the preferred first; empty: "
            "UNIMARC, else MARC21 on Z39.50, and what it likes on SRU."
        ),
    )
    charset: str = attrs.field(
        default="",
        metadata=_doc("Character set of its records, as `bibliobus import` names them; empty: found out for each."),
    )
    terms: str = attrs.field(default="utf-8", metadata=_doc("Z39.50: character set in which it takes terms."))
    message_size: Count = attrs.field(
        default=Count(1 << 20),
        metadata=_doc(
            "Z39.50: octets that a message of its should not exceed; what is longer comes in segments, if it can."
        ),
    )
    isbn: str = attrs.field(
        default="",
        metadata=_doc(
            "How it is asked for an ISBN, with `{isbn}` in its place: a prefix query (Z39.50) or CQL (SRU). "
            "Empty: Use attribute 7, or `bath.isbn`."
        ),
    )
    user: str = attrs.field(default="", metadata=_doc("The user that it knows us as; empty: nobody."))
    password_file: str = attrs.field(default="", metadata=_doc("File that holds the password. Relative to the file."))
    timeout: Seconds = attrs.field(
        default=Seconds(20.0), metadata=_doc("How long it may take; what has come by then is kept.")
    )
    rank: SourceRank = attrs.field(
        default=SourceRank.OTHER,
        metadata=_doc(
            "What its records are worth: of targets that give one document the highest one's is taken, and of it and one that "
            "is there, the higher one's is the base."
        ),
    )
    priority: int = attrs.field(
        default=0, metadata=_doc("Of targets of one rank that give one document, the lowest one's is taken.")
    )

    @property
    def preference(self) -> tuple[int, int, str]:
        """Its place among targets: the least is preferred."""
        return PLACES[self.rank], self.priority, self.name


@attrs.frozen(kw_only=True)
class Config:
    """The whole file."""

    store: StoreTable = attrs.field(factory=StoreTable)
    listen: ListenTable = attrs.field(factory=ListenTable)
    sip2: SIP2Table = attrs.field(factory=SIP2Table)
    z3950: Z3950Table = attrs.field(factory=Z3950Table)
    ncip: NCIPTable = attrs.field(factory=NCIPTable)
    web: WebTable = attrs.field(factory=WebTable)
    catalogue: CatalogueTable = attrs.field(factory=CatalogueTable)
    log: LogTable = attrs.field(factory=LogTable)
    targets: tuple[TargetTable, ...] = ()


# --- reading -------------------------------------------------------------------------------------------------------------


def _refuse(wanted: str, value: Any) -> NoReturn:
    raise ValueError(_("must be {wanted}, not {given}").format(wanted=wanted, given=repr(value)))


def _exactly(kind: type, name: str) -> Any:
    def structure(value: Any, _type: Any) -> Any:
        return value if type(value) is kind else _refuse(name, value)

    return structure


def _seconds(value: Any, _type: Any) -> float:
    if type(value) in {int, float} and 0 < value < float("inf"):
        return float(value)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh])", value, re.ASCII) if isinstance(value, str) else None
    if found is None or not float(found[1]):
        _refuse(_('a number of seconds or a text like "30s", "5m" or "1h"'), value)
    return float(found[1]) * _UNITS[found[2]]


def _count(value: Any, _type: Any) -> int:
    return value if type(value) is int and value > 0 else _refuse(_("a whole number above zero"), value)


def _choice(value: Any, kind: Any) -> Any:
    names = [member.value for member in kind]
    return kind(value) if value in names else _refuse(_("one of {choices}").format(choices=", ".join(names)), value)


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(str, _exactly(str, _("a text")))
    converter.register_structure_hook(int, _exactly(int, _("a whole number")))
    converter.register_structure_hook(bool, _exactly(bool, _("true or false")))
    converter.register_structure_hook(Path, lambda value, _type: Path(_exactly(str, _("a path"))(value, str)))
    converter.register_structure_hook(Seconds, _seconds)
    converter.register_structure_hook(Count, _count)
    for choices in (Level, Format, Wire, SourceRank):
        converter.register_structure_hook(choices, _choice)
    texts = converter.get_structure_hook(tuple[str, ...])

    def strictly_texts(value: Any, kind: Any) -> Any:
        return texts(_exactly(list, _("a list of texts"))(value, kind), kind)

    converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], strictly_texts)

    def table(cls: Any) -> Any:
        structure = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)

        def strictly_table(value: Any, kind: Any) -> Any:
            return structure(_exactly(dict, _("a table"))(value, kind), kind)

        return strictly_table

    converter.register_structure_hook_factory(attrs.has, table)
    targets = converter.get_structure_hook(tuple[TargetTable, ...])

    def strictly_tables(value: Any, kind: Any) -> Any:
        return targets(_exactly(list, _("tables, each under [[targets]]"))(value, kind), kind)

    converter.register_structure_hook_func(lambda kind: kind == tuple[TargetTable, ...], strictly_tables)
    return converter


def _problems(error: BaseException, path: str) -> Iterator[tuple[str, str]]:
    """Walk the tree of *error*, giving what is wrong where."""
    if isinstance(error, ClassValidationError):
        for inner, field in error.group_exceptions()[0]:
            yield from _problems(inner, f"{path}.{field.name}" if path else field.name)
        for inner in error.group_exceptions()[1]:
            yield from _problems(inner, path)
    elif isinstance(error, IterableValidationError):
        for inner, member in error.group_exceptions()[0]:
            yield from _problems(inner, f"{path}[{member.index}]")
    elif isinstance(error, ForbiddenExtraKeysError):
        known = ", ".join(field.name for field in attrs.fields(error.cl))
        for key in sorted(error.extra_fields):
            yield (f"{path}.{key}" if path else key), _("no such key; there are: {keys}").format(keys=known)
    else:
        yield path, str(error)


def _semantic(config: Config) -> Iterator[tuple[str, str]]:
    url = config.store.url
    if url:
        found = re.match(r"postgres(ql)?://([^/?#]*@)?", url)
        if found is None:
            yield "store.url", _("is no PostgreSQL URL: write postgresql://user@host/name")
        elif ":" in (found[2] or "") or "password=" in url:
            yield "store.url", _("holds a password: write it to a file and name that in store.password_file")
    if config.store.password_file and not url:
        yield "store.password_file", _("is of no use without store.url")
    for number, target in enumerate(config.targets):
        if not (target.host if target.kind is Wire.Z3950 else re.match("https?://[^/]", target.url)):
            yield f"targets[{number}]", _("has no host (Z39.50) or no http: or https: address (SRU)")
        if target.charset and target.charset not in {charset.value for charset in Charset}:
            yield f"targets[{number}].charset", _("is no character set that is read here")
        try:
            "".encode(target.terms)
        except LookupError:
            yield f"targets[{number}].terms", _("is no character set that is read here")
    if len({target.name.casefold() for target in config.targets}) < len(config.targets):
        yield "targets", _("two have one name")
    if not any(attrs.astuple(config.listen, recurse=False)):
        yield "listen", _("the daemon would listen nowhere")


def structure(values: Mapping[str, Any], source: str, base: Path) -> Config:
    """Return the configuration that *values* (of a TOML file) declare; paths in it are relative to *base*.

    Raises `ConfigurationError` with every problem at once; *source* names the file there.
    """
    try:
        config = _converter().structure(values, Config)
    except ClassValidationError as error:
        raise ConfigurationError(source, list(_problems(error, ""))) from None
    problems = list(_semantic(config))
    if problems:
        raise ConfigurationError(source, problems)
    store = config.store
    password_file = str(base / store.password_file) if store.password_file else ""
    targets = tuple(
        attrs.evolve(
            each,
            password_file=str(base / each.password_file) if each.password_file else "",
            authority=str(base / each.authority) if each.authority else "",
        )
        for each in config.targets
    )
    store = attrs.evolve(store, data=base / store.data, password_file=password_file)
    return attrs.evolve(config, store=store, targets=targets)


def parse(text: str, source: str, base: Path) -> Config:
    """Return the configuration that *text* (TOML) declares. Raises `ConfigurationError`, as `structure` does."""
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(source, [("", _("is not TOML: {error}").format(error=error))]) from None
    return structure(values, source, base)


def find(named: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the configuration file: the one *named*, else `$BIBLIOBUS_CONFIG`, else `bibliobus.toml` here, else none."""
    if named is not None:
        return named
    if environment.get(ENVIRONMENT):
        return Path(environment[ENVIRONMENT])
    return Path(FILE) if Path(FILE).exists() else None


def read(path: Path | None) -> Config:
    """Read the file at *path*; None gives the defaults. Raises `ConfigurationError`."""
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(str(path), [("", _("cannot be read: {error}").format(error=error.strerror))]) from None
    except UnicodeDecodeError:
        raise ConfigurationError(str(path), [("", _("is not UTF-8"))]) from None
    return parse(text, str(path), path.parent)


def provide_password(store: StoreTable) -> None:
    """Give libpq the PostgreSQL password of `password_file`, if there is one. Raises `ConfigurationError`.

    It goes through the environment, and so is never a part of a URL that something may print.
    """
    if not store.password_file:
        return
    try:
        password = Path(store.password_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            store.password_file, [("", _("cannot be read: {error}").format(error=error))]
        ) from None
    os.environ["PGPASSWORD"] = password.rstrip("\r\n")


# --- writing -------------------------------------------------------------------------------------------------------------


def tables(config: Config) -> Iterator[tuple[str, Any]]:
    """Yield the name and the value of every table; of what there may be several of, each in its turn."""
    for field in attrs.fields(Config):
        value = getattr(config, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            yield field.name, each


def literal(value: Any) -> str:
    """Write *value* as TOML."""
    if isinstance(value, tuple):
        return f"[{', '.join(literal(member) for member in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return str(value)
    # A JSON string is a TOML string, but for DEL.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def render(config: Config) -> str:
    """Write *config* as TOML, every key with its meaning as a comment: a file to start from."""
    lines: list[str] = []
    for name, table in tables(config):
        lines += [f"# {type(table).__doc__}", f"[[{name}]]" if isinstance(table, TargetTable) else f"[{name}]"]
        for field in attrs.fields(type(table)):
            lines += [f"# {field.metadata['doc']}", f"{field.name} = {literal(getattr(table, field.name))}"]
        lines.append("")
    return "\n".join(lines)
