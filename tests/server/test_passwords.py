"""Passwords: right ones are remembered, wrong ones are not, and unknown logins are never right."""

from __future__ import annotations

from unittest.mock import patch

from twisted.internet.defer import gatherResults
from twisted.trial.unittest import TestCase

from server import passwords


class Passwords(TestCase):
    """`verify`, with the real argon2."""

    async def test_a_right_password_is_looked_up_the_second_time(self) -> None:
        stored = passwords.HASHER.hash("demo")
        assert await passwords.verify(stored, "demo")
        with patch.object(passwords, "_verify", side_effect=AssertionError("argon2 was asked again")):
            assert self.successResultOf(passwords.verify(stored, "demo"))

    async def test_of_all_who_come_at_once_one_is_verified(self) -> None:
        stored = passwords.HASHER.hash("demo")
        with patch.object(passwords, "_verify", side_effect=passwords._verify) as verify:
            for password in ("demo", "wrong"):
                found = await gatherResults([passwords.verify(stored, password) for _ in range(20)])
                assert found == [password == "demo"] * 20
        assert verify.call_count == 2
        assert not passwords._under_way

    async def test_a_wrong_password_is_wrong_every_time(self) -> None:
        stored = passwords.HASHER.hash("demo")
        assert await passwords.verify(stored, "demo")
        for wrong in ("", "Demo", "demo\0", "\ud800"):
            assert not await passwords.verify(stored, wrong)
            assert not await passwords.verify(stored, wrong)

    async def test_the_password_of_another_hash_is_not_right(self) -> None:
        first, second = passwords.HASHER.hash("one"), passwords.HASHER.hash("two")
        assert await passwords.verify(first, "one")
        assert not await passwords.verify(second, "one")

    async def test_nobody_and_what_is_no_hash_are_never_right(self) -> None:
        assert not await passwords.verify(None, "demo")
        assert not await passwords.verify("not a hash", "demo")

    def test_what_is_remembered_is_bounded_and_holds_no_password(self) -> None:
        with patch.object(passwords, "_REMEMBERED", 3), patch.object(passwords, "_right", type(passwords._right)()):
            for number in range(10):
                passwords._remember(bytes([number]))
            assert list(passwords._right) == [b"\x07", b"\x08", b"\x09"]
