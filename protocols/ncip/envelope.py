"""What is around a message: its form, the version string and the prefix that its sender uses, and what was wrong with it.

An answer goes out in the envelope of its question: partners compare the version as text, and some look for their own prefix.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from protocols.ncip.base import Message, ProblemMessage
from protocols.ncip.elements import Problem
from protocols.ncip.problems import ProblemType, problem_type
from protocols.ncip.releases import Release, release_of

_XSD = "http://www.niso.org/schemas/ncip/{0}/imp1/xsd/ncip_{0}.xsd"
V2_02 = _XSD.format("v2_02")
V1_0 = "http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd"
DEFAULTS = {
    Release.V2_02: V2_02,
    Release.V2_01: _XSD.format("v2_01"),
    Release.V2_0: _XSD.format("v2_0"),
    Release.V1_0: V1_0,
}
"""Release -> the version string by which it is known."""
VERSIONS = tuple(DEFAULTS.values())
"""Version strings that LookupVersion tells, the preferred one first."""
LOOKUP_VERSION = "http://www.niso.org/ncip/v1_0/imp1/xsd/ncip_version.xsd"
"""Version string of NCIPVersionMessage, the only one."""

_PREFIX = re.compile(r"(?!xml)[A-Za-z_][\w.-]{0,15}", re.ASCII | re.IGNORECASE)
_VERSION = re.compile(r"[!-~]{1,200}")


class Form(enum.Enum):
    """Which document a message travels in; the value is the element around it, which is the root but for `EXTENSION`."""

    NCIP = "NCIPMessage"
    EXTENSION = "Ext"
    VERSION = "NCIPVersionMessage"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Form, version string, prefix of elements (empty: the default namespace), and the release that is spoken.

    `foreign`: the elements of `releases.EXTENDED` are in their own namespace, as their first users have them.
    """

    form: Form = Form.NCIP
    version: str = V2_02
    prefix: str = "ns1"
    release: Release = Release.V2_02
    foreign: bool = False

    @classmethod
    def like(cls, form: Form, version: str, prefix: str, *, namespace: bool = True) -> Envelope:
        """Make the envelope of an answer from what the root of the question says, as far as that is fit to repeat."""
        release = release_of(version, namespace=namespace)
        return cls(
            form=form,
            version=version if _VERSION.fullmatch(version) else DEFAULTS.get(release, V2_02),
            prefix=prefix if not prefix or _PREFIX.fullmatch(prefix) else "ns1",
            release=release,
        )


class Defect(enum.Enum):
    """What a partner sends against the schema, and we tolerate."""

    UNKNOWN_ELEMENT = "unknown element"
    REPEATED_ELEMENT = "repeated element"
    INVALID_DATE = "invalid date"
    INVALID_NUMBER = "invalid number"
    TOO_LONG = "too long"


@dataclass(frozen=True, slots=True)
class Received:
    """A message understood, with the names of the elements that were not: (defect, element)."""

    message: Message
    envelope: Envelope
    defects: tuple[tuple[Defect, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """A document that is no message of ours, and the problem to answer with."""

    problem: Problem
    envelope: Envelope = Envelope()

    @property
    def answer(self) -> ProblemMessage:
        """The whole answer."""
        return ProblemMessage(problem=(self.problem,))


def problem(
    service: str | None, kind: ProblemType, detail: str, element: str | None = None, value: str | None = None
) -> Problem:
    """Make a problem with the scheme that defines *kind* for *service*; raises ValueError when the service has no such type."""
    return Problem(
        problem_type=problem_type(service, kind), problem_detail=detail, problem_element=element, problem_value=value
    )
