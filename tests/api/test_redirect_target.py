"""The redirect after a login leads only to pages of Herwa, for every value of `next`."""

import string
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_api.redirect_target import DEFAULT_PATH, sanitize_next_path
from tests.api.browser import Browser
from tests.support.oauth_login import ManagedServer

ORIGIN = "https://herwa.example"
ALLOWED_PATHS = [
    "/",
    "/home",
    "/g/81384788765712384",
    "/g/81384788765712384?range=30d&compare=previous&channel=1%2C2#chart",
    "/g/1?q=100%25&name=a+b%20c",
    "/authors",
    "/login?reason=denied",
]
REFUSED_PATHS = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "/\\/evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https://evil.example/",
    "HTTPS://EVIL.EXAMPLE",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    ".evil.example",
    ":80@evil.example",
    "",
    " /g/1",
    "/g/1 ",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/g\r\nSet-Cookie: a=b",
    "/%0d%0aSet-Cookie:%20a=b",
    "/g?x=%0d%0aSet-Cookie:a=b",
    "/%250d%250aSet-Cookie:a=b",
    "/%2fevil.example",
    "/%2Fevil.example",
    "/%252fevil.example",
    "%2f%2fevil.example",
    "%2f%2f%65vil.example",
    "/%5cevil.example",
    "/%255cevil.example",
    "/%09/evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/g/..//evil.example",
    "/g/%2e%2e//evil.example",
    "/g/../auth/login",
    "/g/%2e%2e/auth/login",
    "/g//evil.example",
    "/auth/login",
    "/auth/login?next=/auth/login",
    "/AUTH/logout",
    "/auth",
    "/%61uth/login",
    "/api/me",
    "/w/1",
    "/embed/1",
    "/\u2215evil.example",
    "/\uff0fevil.example",
    "/\x00",
    "/%00",
    "/" + "a" * 3000,
    "/%25252525252fevil.example",
]


@pytest.mark.parametrize("path", ALLOWED_PATHS)
def test_allowed_path_is_unchanged(path):
    assert sanitize_next_path(path) == path


@pytest.mark.parametrize("path", REFUSED_PATHS)
def test_refused_path_becomes_the_default(path):
    assert sanitize_next_path(path) == DEFAULT_PATH


def test_missing_path_becomes_the_default():
    assert sanitize_next_path(None) == DEFAULT_PATH


@given(st.text(alphabet=string.printable, max_size=30) | st.text(max_size=30))
def test_no_text_leads_to_another_origin(text):
    for target in (text, "/" + text, "//" + text, "/%2f" + text, "/\\" + text):
        landing_url = urlsplit(urljoin(ORIGIN + "/auth/callback", sanitize_next_path(target)))
        assert f"{landing_url.scheme}://{landing_url.netloc}" == ORIGIN


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https:evil.example", "/%2fevil.example"])
async def test_login_with_a_malicious_next_path_redirects_to_the_default(browser: Browser, server: ManagedServer, path):
    response = await browser.log_in(server.member, next_path=path)

    assert (response.status_code, response.headers["location"]) == (303, DEFAULT_PATH)
