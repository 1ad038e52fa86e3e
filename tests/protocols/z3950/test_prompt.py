"""Questions and answers of access control: a second opinion on every octet (asn1tools, with an ASN.1 text of our own)."""

from __future__ import annotations

from typing import Any

import asn1tools
import pytest
from hypothesis import given, settings

from protocols.z3950 import oids
from protocols.z3950.elements import External, IdPass
from protocols.z3950.errors import RemoteProtocolError
from protocols.z3950.prompt import (
    WHO,
    Answer,
    PromptId,
    PromptObject,
    PromptResponse,
    PromptType,
    external,
    identity,
    prompt_id,
)
from protocols.z3950.schema import codec_of
from tests.protocols.z3950.tables import instances, plain

ASN1 = """
Prompts DEFINITIONS EXPLICIT TAGS ::= BEGIN
  External ::= [UNIVERSAL 8] IMPLICIT SEQUENCE {
    direct-reference OBJECT IDENTIFIER OPTIONAL, indirect-reference INTEGER OPTIONAL,
    data-value-descriptor [UNIVERSAL 7] IMPLICIT OCTET STRING OPTIONAL,
    encoding CHOICE { single-ASN1-type [0] EXPLICIT Str, octet-aligned [1] IMPLICIT OCTET STRING,
      arbitrary [2] IMPLICIT BIT STRING } }
  Str ::= [UNIVERSAL 27] IMPLICIT OCTET STRING
  DiagRec ::= CHOICE { defaultFormat DefaultDiagFormat, externallyDefined External }
  DefaultDiagFormat ::= SEQUENCE { diagnosticSetId OBJECT IDENTIFIER, condition INTEGER,
    addinfo CHOICE { v2Addinfo [UNIVERSAL 26] IMPLICIT OCTET STRING, v3Addinfo Str } }
  PromptObject ::= CHOICE { challenge [1] IMPLICIT SEQUENCE OF Question, response [2] IMPLICIT SEQUENCE OF Answer }
  PromptId ::= CHOICE {
    enummeratedPrompt [1] IMPLICIT SEQUENCE { type [1] IMPLICIT INTEGER, suggestedString [2] IMPLICIT Str OPTIONAL },
    nonEnumeratedPrompt [2] IMPLICIT Str }
  Encryption ::= SEQUENCE { cryptType [1] IMPLICIT OCTET STRING OPTIONAL,
    credential [2] IMPLICIT OCTET STRING OPTIONAL, data [3] IMPLICIT OCTET STRING }
  Question ::= SEQUENCE { promptId [1] PromptId, defaultResponse [2] IMPLICIT Str OPTIONAL,
    promptInfo [3] CHOICE { character [1] IMPLICIT Str, encrypted [2] IMPLICIT Encryption } OPTIONAL,
    regExpr [4] IMPLICIT Str OPTIONAL, responseRequired [5] IMPLICIT NULL OPTIONAL,
    allowedValues [6] IMPLICIT SEQUENCE OF Str OPTIONAL, shouldSave [7] IMPLICIT NULL OPTIONAL,
    dataType [8] IMPLICIT INTEGER OPTIONAL, diagnostic [9] IMPLICIT External OPTIONAL }
  Answer ::= SEQUENCE { promptId [1] PromptId, promptResponse [2] CHOICE { string [1] IMPLICIT Str,
    accept [2] IMPLICIT BOOLEAN, acknowledge [3] IMPLICIT NULL, diagnostic [4] DiagRec,
    encrypted [5] IMPLICIT Encryption } }
END
"""
_CODEC = codec_of(PromptObject)


@pytest.fixture(scope="module")
def oracle() -> Any:
    """Return the codec that asn1tools makes of the text."""
    return asn1tools.compile_string(ASN1, "ber")


@settings(max_examples=150, derandomize=True, deadline=None)
@given(prompts=instances(PromptObject))
def test_prompts_are_read_by_the_oracle_and_read_back(oracle: Any, prompts: PromptObject) -> None:
    octets = _CODEC.encode(prompts)
    assert oracle.decode("PromptObject", octets) == plain(_CODEC, prompts)
    assert _CODEC.decode(octets) == prompts


def test_the_question_octet_by_octet() -> None:
    assert WHO.direct_reference == oids.PROMPT_1
    questions = [f"3009a105a103{kind}8500" for kind in ("810101", "810102")]
    assert WHO.single_asn1_type == bytes.fromhex("a116" + "".join(questions))


def test_answers_say_who_it_is_in_any_order() -> None:
    answers = [
        Answer(prompt_id=prompt_id(PromptType.PASSWORD), prompt_response=PromptResponse(string="secret")),
        Answer(prompt_id=PromptId(non_enumerated_prompt="colour"), prompt_response=PromptResponse(string="blue")),
        Answer(prompt_id=prompt_id(PromptType.USER_ID), prompt_response=PromptResponse(string="marie")),
    ]
    sent = external(PromptObject(response=tuple(answers)))
    assert identity(sent).id_pass == IdPass(user_id="marie", password="secret")


def test_what_is_no_answer_is_told() -> None:
    for sent in (
        External(direct_reference="1.2.3", single_asn1_type=b"\xa2\x00"),
        External(direct_reference=oids.PROMPT_1, octet_aligned=b"\xa2\x00"),
        External(direct_reference=oids.PROMPT_1, single_asn1_type=b"\x05\x00"),
    ):
        with pytest.raises(RemoteProtocolError):
            identity(sent)
