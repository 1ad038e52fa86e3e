"""The reference page of the package, from its tables."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.ncip.base import ProblemMessage
from protocols.ncip.envelope import LOOKUP_VERSION, VERSIONS
from protocols.ncip.messages import MESSAGES
from protocols.ncip.model import NAMESPACE, Child, Element, Kind, content_model
from protocols.ncip.problems import GENERAL, MESSAGING, SERVICES
from protocols.ncip.releases import SINCE
from protocols.ncip.schemes import SCHEMES


def reference() -> str:
    """Write the Markdown page of messages, elements, lists and problem types."""
    return "\n".join(_page()) + "\n"


def models() -> dict[str, type[Element]]:
    """Give every class of the table by name: the messages first, then what they are made of, each once."""
    found: dict[str, type[Element]] = {}
    waiting: list[type[Element]] = [*MESSAGES.values(), ProblemMessage]
    while waiting:
        cls = waiting.pop(0)
        if cls.__name__ not in found:
            found[cls.__name__] = cls
            waiting += [child.model for child in cls.TABLE if child.model]
    return found


def _page() -> Iterator[str]:
    yield "# NCIP: messages and elements"
    yield ""
    yield f"Namespace `{NAMESPACE}`. Versions spoken:"
    yield from (f"- `{version}`" for version in VERSIONS)
    yield f"- `{LOOKUP_VERSION}` (NCIPVersionMessage: LookupVersion and its response, in no namespace)"
    yield ""
    yield "Content models are those of 2.02, in the notation of the standard; every one ends with `Ext?`, which is read over and never"
    yield "written. The answer to a notification is `(ResponseHeader?, Problem*)`. What an earlier release has not is left out of what is"
    yield "written in it:\n"
    yield "| since | element | children |\n|---|---|---|"
    for release, elements in SINCE.items():
        for name, tags in elements.items():
            yield f"| {release.name[1:].replace('_', '.')} | {name} | {', '.join(sorted(tags))} |"
    yield ""
    for name, cls in models().items():
        yield f"\n## {name}\n"
        yield (cls.__doc__ or "").splitlines()[0]
        yield f"\n`{content_model(cls)}`\n"
        yield "| element | occurs | content | list |\n|---|---|---|---|"
        yield from (_row(child) for child in cls.TABLE)
    yield from _services()
    yield "\n# Lists\n"
    for name, scheme in SCHEMES.items():
        yield f"- {name} (`{scheme.uri}`): {' · '.join(scheme)}"


def _row(child: Child) -> str:
    occurs = {"": "one", "?": "at most one", "+": "one or more", "*": "any number"}[child.presence.value]
    content = child.model.__name__ if child.model else child.kind.value
    if child.least is not None:
        content += f", {child.least} or more"
    if child.privacy:
        content += f", {child.privacy.value}: never shown"
    known = SCHEMES.get(child.tag) if child.kind is Kind.PAIR else None
    return f"| {child.tag} | {occurs}{' (choice)' if child.letter else ''} | {content} | {known.__name__ if known else ''} |"


def _services() -> Iterator[str]:
    yield "\n# Services and their problem types\n"
    yield f"Every service, general: {' · '.join(sorted(GENERAL))}"
    yield f"\nEvery service, about the message: {' · '.join(sorted(MESSAGING))}\n"
    yield "| service | kind | own problem types |\n|---|---|---|"
    for service in SERVICES.values():
        yield f"| {service.name} | {service.group.value} | {' · '.join(sorted(service.own))} |"
