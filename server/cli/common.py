"""What all commands share: exit codes, errors in words, common options. Heavy modules are imported where they are needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from server.words import LANGUAGE, _

if TYPE_CHECKING:
    from server.config import Config
    from storage.database import Location


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    PARTLY = 4
    UNAVAILABLE = 5
    CONFIGURATION = 6
    CANNOT_LISTEN = 7
    SCHEMA = 8


MEANINGS: Final = {
    Exit.DONE: _("done"),
    Exit.FAILED: _("an unforeseen failure, which the log or the trace tells"),
    Exit.USAGE: _("wrong usage of the command line"),
    Exit.REFUSED: _("what was given is refused, and nothing was written"),
    Exit.PARTLY: _("part of what was given is refused, the rest was written"),
    Exit.UNAVAILABLE: _("the store is in use by another process, or does not answer"),
    Exit.CONFIGURATION: _("the configuration is wrong"),
    Exit.CANNOT_LISTEN: _("an address cannot be listened on"),
    Exit.SCHEMA: _("the database's schema is not this release's"),
}
"""What the exit codes mean."""


def stop(code: Exit, text: str) -> NoReturn:
    """End the command, saying why on standard error."""
    click.echo(_("Error: {message}").format(message=text), err=True)
    raise click.exceptions.Exit(code)


def refused(code: str, text: str) -> NoReturn:
    """End the command: what was given is refused as *code*, which *text* says; nothing was written."""
    if click.get_current_context().params.get("json_"):
        click.echo(json.dumps({"refused": [code], "sentences": [text]}, ensure_ascii=False))
        raise click.exceptions.Exit(Exit.REFUSED)
    stop(Exit.REFUSED, text)


_SAID: Final = {
    "unknown-library": _("The network has no library {code}."),
    "unknown-partner": _("The network has no partner {code}."),
    "unknown-category": _("There is no patron category {code}; there are: {known}"),
}
"""What operations refuse before they ask the store, with what `Refused.details` holds."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn what commands run into, and a user can do something about, into words and an exit code."""
    from sqlalchemy.exc import DBAPIError

    from server import control
    from server.config import ConfigurationError
    from server.listeners import CannotListen
    from storage import database
    from storage.drivers.base import StoreUnavailable

    try:
        yield
    except ConfigurationError as error:
        stop(Exit.CONFIGURATION, str(error))
    except database.StoreBusy as error:
        stop(Exit.UNAVAILABLE, _("The store is in use: stop who uses it, or wait. ({error})").format(error=error))
    except database.MigrationNeeded as error:
        stop(
            Exit.SCHEMA,
            _("The database's schema is not this release's: run 'bibliobus db upgrade'. ({error})").format(error=error),
        )
    except (StoreUnavailable, DBAPIError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        stop(Exit.UNAVAILABLE, _("The store does not answer: {error}").format(error=reason))
    except control.NoDaemon as error:
        stop(Exit.UNAVAILABLE, str(error))
    except CannotListen as error:
        stop(Exit.CANNOT_LISTEN, _("Cannot listen on {error}").format(error=error))
    except control.Refused as error:
        if error.code in _SAID:
            refused(error.code, _SAID[error.code].format(**error.details))
        stop(Exit.UNAVAILABLE if error.code == "unavailable" else Exit.FAILED, str(error))
    except UnicodeEncodeError:
        stop(Exit.USAGE, _("What was given is not text in UTF-8."))
    except OSError as error:
        stop(Exit.FAILED, f"{error.filename}: {error.strerror}" if error.filename else str(error))


def refuse(codes: Collection[str], *, json_: bool) -> NoReturn:
    """End the command: the store refused, for the reasons of these *codes* (`storage.refusals`); nothing was written."""
    from storage.refusals import Reason, sentence

    sentences = [sentence(Reason(code), LANGUAGE) for code in codes]
    if json_:
        click.echo(json.dumps({"refused": list(codes), "sentences": sentences}, ensure_ascii=False))
        raise click.exceptions.Exit(Exit.REFUSED)
    stop(Exit.REFUSED, " ".join(sentences))


_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)
FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which configuration and which store."""
    command = click.option(
        "--data", type=_DIRECTORY, help=_("Directory of the store, instead of the configuration's.")
    )(command)
    return click.option("-c", "--config", "path", type=FILE, help=_("Configuration file."))(command)


def as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option that has programs read what it says."""
    return click.option("--json", "json_", is_flag=True, help=_("Print the result as JSON."))(command)


def read_config(path: Path | None, data: Path | None, **listen: tuple[str, ...]) -> Config:
    """Read the configuration with what the command line puts in its place: *data*, and endpoints by wire."""
    import attrs

    from server import config

    found = config.read(config.find(path))
    if data is not None:
        found = attrs.evolve(found, store=attrs.evolve(found.store, data=data))
    given = {wire: endpoints for wire, endpoints in listen.items() if endpoints}
    return attrs.evolve(found, listen=attrs.evolve(found.listen, **given)) if given else found


def find_store(path: Path | None, data: Path | None) -> Location:
    """Return where the configured store is, ready to be opened."""
    from server.config import provide_password

    table = read_config(path, data).store
    provide_password(table)
    return table.location
