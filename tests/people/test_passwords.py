"""Passwords of reps."""

from argon2 import PasswordHasher

from answerable.people import reps


def test_who_does_not_work_here_is_refused_after_the_time_that_a_password_takes() -> None:
    # What the program keeps passwords with; only in tests it takes less.
    keeps = PasswordHasher()

    assert not keeps.check_needs_rehash(reps._NOBODYS_HASH)
