"""Text in XML that we write: escaped, and without what XML 1.0 cannot hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def escape(text: str) -> str:
    """Return text that may stand in an element or in a quoted attribute; what XML cannot hold is not looked at."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def text(value: str) -> str:
    """Return text from anywhere as it may stand in an element or in a quoted attribute."""
    return escape(_NOT_XML.sub("", value))


def element(name: str, value: object, **attributes: str) -> str:
    """Return an element with a text; an attribute without a value is left out."""
    return f"<{name}{_told(attributes)}>{text(str(value))}</{name}>"


def inside(name: str, *parts: str, **attributes: str) -> str:
    """Return an element around *parts*, which are XML; nothing when there is nothing in them."""
    held = "".join(parts)
    return f"<{name}{_told(attributes)}>{held}</{name}>" if held else ""


def _told(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{text(value)}"' for name, value in attributes.items() if value)
