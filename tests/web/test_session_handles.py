"""The guard's look-up of a session serves one handler, and only for a moment."""

import pytest

from herwa_shared.auth.sessions import SessionUser
from herwa_web import session_handles
from herwa_web.session_handles import find_session_token, register_handle, save_lookup, take_lookup

ADA = SessionUser(5, "ada", None)


def test_look_up_serves_one_handler():
    with register_handle("secret") as handle:
        save_lookup(handle, ADA)
        assert take_lookup(handle) == ADA
        assert take_lookup(handle) is None


def test_look_up_serves_no_handler_that_starts_late(monkeypatch: pytest.MonkeyPatch):
    with register_handle("secret") as handle:
        save_lookup(handle, ADA)
        monkeypatch.setattr(session_handles, "MAX_LOOKUP_AGE_SECONDS", -1.0)
        assert take_lookup(handle) is None


def test_failed_look_up_replaces_an_earlier_one():
    with register_handle("secret") as handle:
        save_lookup(handle, ADA)
        save_lookup(handle, None)
        assert take_lookup(handle) is None


def test_look_up_of_one_socket_serves_no_other_and_ends_with_it():
    with register_handle("secret") as handle, register_handle("secret") as other_handle:
        save_lookup(handle, ADA)
        assert take_lookup(other_handle) is None
    save_lookup(handle, ADA)
    assert take_lookup(handle) is None
    assert find_session_token(handle) is None


def test_visitor_without_a_session_has_no_look_up():
    with register_handle(None) as handle:
        save_lookup(handle, ADA)
        assert take_lookup(handle) is None
