"""Fills in the local Discord's OAuth forms, as a person with a browser does."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx

PKCE_VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
PKCE_CHALLENGE = urlsafe_b64encode(sha256(PKCE_VERIFIER.encode()).digest()).decode().rstrip("=")


def extract_proof(page: str) -> str:
    """The CSRF token of the page's form."""
    match = re.search(r'name="proof" value="(\w+)"', page)
    assert match is not None
    return match[1]


async def submit_authorization(
    browser: httpx.AsyncClient, url: str, *, decision: str = "authorize", **values: object
) -> str:
    """Open the authorization form, submit it, and return the URL of the redirect, with the code in its query.

    Among `values`, `who` is the user's id and `guild_id` the guild to which the bot is added. When the page redirects
    at once, that redirect is returned.
    """
    page = await browser.get(url)
    if page.status_code != 200:
        return page.headers["Location"]
    fields = {
        "proof": extract_proof(page.text),
        "decision": decision,
        **{name: str(value) for name, value in values.items()},
    }
    response = await browser.post(url, data=fields)
    assert response.status_code == 303, response.text
    return response.headers["Location"]


def parse_query(url: str) -> dict[str, str]:
    return {name: items[0] for name, items in parse_qs(urlsplit(url).query).items()}
