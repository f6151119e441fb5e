"""A handle stands for the session of one socket, and for nothing once the socket is closed."""

from herwa_web.session_handles import find_session_token, register_handle


def test_handle_is_valid_while_its_socket_is_open():
    with register_handle("secret") as handle, register_handle("other secret") as other_handle:
        assert find_session_token(handle) == "secret"
        assert find_session_token(other_handle) == "other secret"
        assert handle not in ("secret", other_handle)
    assert find_session_token(handle) is None


def test_visitor_without_a_session_has_no_token():
    with register_handle(None) as handle:
        assert handle == ""
        assert find_session_token(handle) is None
