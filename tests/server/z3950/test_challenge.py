"""Access control: who is asked who they are, and what becomes of the answer."""

from __future__ import annotations

from typing import Any

from protocols.z3950 import apdu, elements, oids
from protocols.z3950.apdu import AccessControlRequest, AccessControlResponse, CloseReason, OperationStatus, Options
from protocols.z3950.elements import DiagRec, External, IdAuthentication
from protocols.z3950.prompt import WHO, Answer, PromptObject, PromptResponse, PromptType, external, prompt_id
from server.z3950 import factory
from tests.server.z3950.origin import Origin, refused, search
from tests.server.z3950.test_packages import ANY, PackageTestCase, find, inserted
from tests.server.z3950.test_tasks import kept
from tests.server.z3950.test_update import asked, why

OPTIONS = Options.SEARCH | Options.PRESENT | Options.EXTENDED_SERVICES | Options.ACCESS_CTRL


def answer(user: str | None, password: str | None) -> External:
    """Return the answers to both questions."""
    pairs = [(PromptType.USER_ID, user), (PromptType.PASSWORD, password)]
    return external(
        PromptObject(
            response=tuple(
                Answer(prompt_id=prompt_id(kind), prompt_response=PromptResponse(string=text))
                for kind, text in pairs
                if text is not None
            )
        )
    )


def response(user: str | None = "marie", password: str | None = "demo", ref: bytes | None = b"es") -> Any:
    """Return a response to a challenge."""
    return AccessControlResponse(reference_id=ref, externally_defined=answer(user, password))


class ChallengeTests(PackageTestCase):
    """Origins that have agreed to be asked."""

    async def agreed(self, version: int = 3, **changes: Any) -> Origin:
        return await self.origin(version, options=OPTIONS, **changes)

    async def test_who_has_said_nothing_is_asked_once_and_goes_on(self) -> None:
        origin = await self.agreed()
        challenge = await origin.ask(inserted("n1"))
        assert challenge == AccessControlRequest(reference_id=b"es", externally_defined=WHO)
        done = await origin.ask(response())
        assert (done.reference_id, done.operation_status) == (b"es", OperationStatus.DONE)
        assert (await origin.ask(inserted("n2"))).operation_status == OperationStatus.DONE
        assert len(await self.packages(origin)) == 2

    async def test_packages_are_asked_for_after_a_challenge_too(self) -> None:
        origin = await self.agreed()
        assert isinstance(await origin.ask(find(ANY)), AccessControlRequest)
        assert (await origin.ask(response(ref=None))).search_status is True

    async def test_in_version_2_the_simple_form_is_asked_for_and_taken(self) -> None:
        origin = await self.agreed(2)
        challenge = await origin.ask(inserted("n1"))
        assert (challenge.simple_form, challenge.externally_defined) == (b"user/password", None)
        done = await origin.ask(AccessControlResponse(simple_form=b"marie/demo"))
        assert done.operation_status == OperationStatus.DONE

    async def test_what_was_asked_meanwhile_is_answered_after_it(self) -> None:
        origin = await self.agreed()
        await origin.ask(inserted("n1"))
        origin.transport.write(origin.association.send(search("zola")))
        assert (await origin.ask(response())).reference_id == b"es"
        assert (await origin.next()).reference_id == b"search"

    async def test_nobody_is_asked_who_has_not_agreed_to_it_or_has_said_it_or_need_not(self) -> None:
        assert why(await (await self.origin()).ask(inserted("n1"))) == 222
        known = await self.agreed(id_authentication=IdAuthentication(open="jean/demo"))
        assert why(await known.ask(inserted("n1"))) == 222
        anybody = await self.agreed()
        await anybody.count("zola")
        assert (await anybody.ask(kept("default"))).operation_status == OperationStatus.DONE
        assert why(await anybody.ask(asked(1, package_type="1.2.840.10003.9.2"))) == 221

    async def test_wrong_answers_get_101_and_after_three_nobody_is_asked_again(self) -> None:
        origin = await self.agreed()
        strange = External(direct_reference="1.2.3", octet_aligned=b"x")
        broken = External(direct_reference=oids.PROMPT_1, single_asn1_type=b"\x05\x00")
        for wrong in (answer("marie", "wrong"), strange, broken):
            assert isinstance(await origin.ask(inserted("n1")), AccessControlRequest)
            refusal = await origin.ask(AccessControlResponse(reference_id=b"es", externally_defined=wrong))
            assert why(refusal) == 101
        assert why(await origin.ask(inserted("n1"))) == 102
        assert await origin.count("@attr 1=4 n1") == 0

    async def test_who_would_not_say_gets_101_and_may_be_asked_again(self) -> None:
        origin = await self.agreed()
        diagnostic = elements.DefaultDiagFormat(
            diagnostic_set_id=oids.DIAGNOSTICS_BIB_1, condition=105, addinfo=elements.AddInfo(v3_addinfo="")
        )
        for declined in (
            AccessControlResponse(reference_id=b"es", diagnostic=DiagRec(default_format=diagnostic)),
            response("anonymous", ""),
        ):
            for _ in range(2):
                assert isinstance(await origin.ask(inserted("n1")), AccessControlRequest)
                assert why(await origin.ask(declined)) == 101

    async def test_a_response_that_comes_too_late_is_passed_over(self) -> None:
        self.patch(factory, "CHALLENGE_SECONDS", 0.01)
        origin = await self.agreed()
        await origin.ask(inserted("n1"))
        assert why(await origin.next()) == 101
        origin.transport.write(origin.association.send(response()))
        assert (await origin.ask(find(ANY))).reference_id == b"search"  # asked again: a challenge
        assert refused(await origin.next())[0] == 101
        assert await origin.count("zola") == 3

    async def test_a_close_in_place_of_the_response_ends_the_association(self) -> None:
        origin = await self.agreed()
        await origin.ask(inserted("n1"))
        origin.transport.write(apdu.encode(apdu.Close(close_reason=CloseReason.FINISHED)))
        assert why(await origin.next()) == 101  # what was on its way
        assert isinstance(await origin.next(), apdu.Close)
        await origin.lost

    async def test_a_connection_that_breaks_off_leaves_nothing_behind(self) -> None:
        origin = await self.agreed()
        await origin.ask(inserted("n1"))
        origin.transport.loseConnection()
        await origin.lost
        assert await self.rows() == 0

    async def test_what_was_answered_is_in_no_repr(self) -> None:
        assert "demo" not in repr(response()) + repr(AccessControlResponse(simple_form=b"marie/demo"))
        assert "demo" not in repr(PromptResponse(string="demo"))
