"""What readers are told is in their language: French, English, and any that somebody has made a catalogue for."""

from __future__ import annotations

import gettext
import io
import re
from pathlib import Path
from typing import Any

import pytest

from protocols.sip2.codes import TONGUES, Language
from server.reference import catalogue, sip2_texts
from server.sip2 import languages
from server.words import LOCALES
from storage.refusals import SENTENCES, Reason
from tests.server.sip2.kiosk import DATE, SIP2TestCase, information

GERMAN = {
    "Unknown card.": "Unbekannter Ausweis.",
    "Thank you for your visit. {library}": "Danke für Ihren Besuch. {library}",
}
END = b"35" + DATE + b"AOLENS|AAR1|"


class LanguageTests(SIP2TestCase):
    """The language of a code."""

    @pytest.fixture(autouse=True)
    def _german(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "de" / "LC_MESSAGES" / "sip2.mo"
        path.parent.mkdir(parents=True)
        path.write_bytes(catalogue(GERMAN))
        for language, found in languages.catalogues(tmp_path).items():
            monkeypatch.setitem(languages.CATALOGUES, language, found)

    async def told(self, code: Language) -> tuple[Any, tuple[str, ...]]:
        reply = await self.service.kiosk().read(information(b"R99", language=code.value.encode()))
        return reply.language, reply.screen_message

    async def test_a_code_means_its_language_and_the_response_says_which_it_is_in(self) -> None:
        french, english = SENTENCES[Reason.UNKNOWN_PATRON]
        for code, tongue in TONGUES.items():
            answered = code if tongue in {"fr", "en"} else Language.FRENCH
            assert await self.told(code) == (answered, (english if tongue == "en" else french,))
        await self.profile(languages="en")
        assert await self.told(Language.BELGIAN) == (Language.ENGLISH, (english,))

    async def test_a_catalogue_adds_a_language_for_screen_and_receipt(self) -> None:
        await self.profile(languages="fr en de", receipt="36")
        assert await self.told(Language.GERMAN) == (Language.GERMAN, ("Unbekannter Ausweis.",))
        assert await self.told(Language.ITALIAN) == (Language.FRENCH, ("Carte inconnue.",))
        kiosk = self.service.kiosk()
        await kiosk.ask(information(b"R1", language=b"003"))
        assert (await kiosk.read(END)).print_line[0].startswith("Danke für Ihren Besuch. ")

    async def test_what_a_catalogue_lacks_is_said_in_english(self) -> None:
        await self.profile(language="de", pin_required="yes")
        reply = await self.service.kiosk().read(information(b"R1", language=b"000"))
        assert (reply.language, reply.screen_message) == (Language.GERMAN, (SENTENCES[Reason.WRONG_PIN][1],))


def test_the_template_has_every_text_with_its_french() -> None:
    found = re.findall(r'#\. (.+)\nmsgid "(.+)"\n', sip2_texts())
    assert {english for _, english in SENTENCES.values()} <= {english for _, english in found}
    assert ("Réservé : à envoyer à {place}.", "Reserved: send it to {place}.") in found
    assert not [text for pair in found for text in pair if "\\" in text]


def lacking(found: gettext.GNUTranslations) -> list[str]:
    """Return the texts that a catalogue has not, or with other blanks than are filled in."""

    def blanks(text: str) -> list[str]:
        return sorted(re.findall(r"{\w*}", text))

    wanted = re.findall(r'msgid "(.+)"', sip2_texts())
    told = {text: found.gettext(text) for text in wanted}
    return [text for text in wanted if told[text] == text or blanks(told[text]) != blanks(text)]


def test_the_catalogues_that_are_here_lack_nothing() -> None:
    bad = gettext.GNUTranslations(io.BytesIO(catalogue({**GERMAN, "Send to: {place}": "Nach: {ort}"})))
    assert "Send to: {place}" in lacking(bad)
    assert "Unknown card." not in lacking(bad)
    assert not [text for found in languages.catalogues(LOCALES).values() for text in lacking(found)]
