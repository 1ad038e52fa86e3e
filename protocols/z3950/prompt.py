"""Access control of the format prompt-1 (1.2.840.10003.8.1, Z39.50 appendix ACC): what a target asks, and what the origin answers."""

from __future__ import annotations

import enum
from typing import Annotated, Final

from protocols.z3950 import oids
from protocols.z3950.asn1 import Boolean, Integer, InternationalString, Null, OctetString
from protocols.z3950.elements import DiagRec, External, IdAuthentication, IdPass
from protocols.z3950.errors import MalformedPdu
from protocols.z3950.schema import SECRET, Choice, Sequence, codec_of


class PromptType(enum.IntEnum):
    """What is asked for, of what many targets ask for."""

    GROUP_ID = 0
    USER_ID = 1
    PASSWORD = 2
    NEW_PASSWORD = 3
    COPYRIGHT = 4
    SESSION_ID = 5


class EnumeratedPrompt(Sequence):
    """One of `PromptType`, and how it may be put to people."""

    type: Annotated[Integer, 1]
    suggested_string: Annotated[InternationalString | None, 2] = None


class PromptId(Choice):
    """What is asked for."""

    enumerated_prompt: Annotated[EnumeratedPrompt | None, 1, "enummeratedPrompt"] = None
    non_enumerated_prompt: Annotated[InternationalString | None, 2] = None


class Encryption(Sequence):
    """Something encrypted."""

    crypt_type: Annotated[OctetString | None, 1] = None
    credential: Annotated[OctetString | None, 2, SECRET] = None
    data: Annotated[OctetString, 3, SECRET]


class PromptInfo(Choice):
    """More for people, or for a program that knows the key."""

    character: Annotated[InternationalString | None, 1] = None
    encrypted: Annotated[Encryption | None, 2] = None


class Prompt(Sequence):
    """One question."""

    prompt_id: Annotated[PromptId, 1]
    default_response: Annotated[InternationalString | None, 2] = None
    prompt_info: Annotated[PromptInfo | None, 3] = None
    reg_expr: Annotated[InternationalString | None, 4] = None
    response_required: Annotated[Null | None, 5] = None
    allowed_values: Annotated[tuple[InternationalString, ...] | None, 6] = None
    should_save: Annotated[Null | None, 7] = None
    data_type: Annotated[Integer | None, 8] = None
    diagnostic: Annotated[External | None, 9] = None


class PromptResponse(Choice):
    """What is answered."""

    string: Annotated[InternationalString | None, 1, SECRET] = None
    accept: Annotated[Boolean | None, 2] = None
    acknowledge: Annotated[Null | None, 3] = None
    diagnostic: Annotated[DiagRec | None, 4] = None
    encrypted: Annotated[Encryption | None, 5] = None


class Answer(Sequence):
    """One answer."""

    prompt_id: Annotated[PromptId, 1]
    prompt_response: Annotated[PromptResponse, 2]


class PromptObject(Choice):
    """All questions, or all answers."""

    challenge: Annotated[tuple[Prompt, ...] | None, 1] = None
    response: Annotated[tuple[Answer, ...] | None, 2] = None


_CODEC: Final = codec_of(PromptObject)


def prompt_id(kind: PromptType) -> PromptId:
    """Return what says that *kind* is asked for, or answered."""
    return PromptId(enumerated_prompt=EnumeratedPrompt(type=kind))


def external(prompts: PromptObject) -> External:
    """Return questions or answers as a PDU carries them."""
    return External(direct_reference=oids.PROMPT_1, single_asn1_type=_CODEC.encode(prompts))


WHO: Final = external(
    PromptObject(
        challenge=tuple(
            Prompt(prompt_id=prompt_id(kind), response_required=True)
            for kind in (PromptType.USER_ID, PromptType.PASSWORD)
        )
    )
)
"""The question who the origin is."""


def identity(answers: External) -> IdAuthentication:
    """Return the identity that answers are. Raises MalformedPdu for what is none."""
    if answers.direct_reference != oids.PROMPT_1 or answers.single_asn1_type is None:
        raise MalformedPdu(f"{answers.direct_reference}: {oids.PROMPT_1} is taken")
    read: PromptObject = _CODEC.decode(answers.single_asn1_type)
    given = {
        answer.prompt_id.enumerated_prompt.type: answer.prompt_response.string
        for answer in read.response or ()
        if answer.prompt_id.enumerated_prompt is not None
    }
    user, password = given.get(PromptType.USER_ID), given.get(PromptType.PASSWORD)
    return IdAuthentication(id_pass=IdPass(user_id=user, password=password))
