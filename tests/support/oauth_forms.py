"""A person with a browser, at the local Discord's forms."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx

PKCE_VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
PKCE_CHALLENGE = urlsafe_b64encode(sha256(PKCE_VERIFIER.encode()).digest()).decode().rstrip("=")


def extract_proof(page: str) -> str:
    """The token that the page's form carries."""
    return re.search(r'name="proof" value="(\w+)"', page)[1]


async def submit_authorization(
    browser: httpx.AsyncClient, url: str, *, decision: str = "authorize", **values: object
) -> str:
    """Open the form at that address, answer it, and say where that leads: to the client, with a code in the query.

    `who` is a user's id, `guild_id` the server that gets the bot.
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
