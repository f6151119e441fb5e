"""The client address is the one that the outermost trusted proxy has seen."""

import pytest

from herwa_web.serving.client_address import ClientInfo, parse_client_info


def build_scope(*headers: tuple[str, str], scheme: str = "http") -> dict:
    """Build an ASGI scope of a request from 10.0.0.9."""
    raw = [(name.encode(), value.encode()) for name, value in (("host", "here"), *headers)]
    return {"type": "http", "client": ("10.0.0.9", 5), "scheme": scheme, "headers": raw}


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (0, ["1.1.1.1"], "10.0.0.9"),
        (1, ["1.1.1.1"], "1.1.1.1"),
        (1, ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        (2, ["6.6.6.6, 1.1.1.1, 2.2.2.2"], "1.1.1.1"),
        (2, ["6.6.6.6", "1.1.1.1", " 2.2.2.2 ,"], "1.1.1.1"),
        (2, ["2.2.2.2"], "2.2.2.2"),
        (1, [], "10.0.0.9"),
    ],
)
def test_only_addresses_added_by_trusted_proxies_are_used(trusted, forwarded, address):
    headers = [("x-forwarded-for", line) for line in forwarded]
    assert parse_client_info(build_scope(*headers), trusted_proxies=trusted).address == address


def test_scheme_and_host_are_those_of_the_nearest_proxy():
    headers = [("x-forwarded-proto", "http, https"), ("x-forwarded-host", "evil, herwa.example")]
    assert parse_client_info(build_scope(*headers), trusted_proxies=1) == ClientInfo(
        "10.0.0.9", "https", "herwa.example"
    )
    assert parse_client_info(build_scope(*headers), trusted_proxies=0) == ClientInfo("10.0.0.9", "http", "here")
    assert parse_client_info(build_scope(scheme="wss"), trusted_proxies=0).scheme == "https"
