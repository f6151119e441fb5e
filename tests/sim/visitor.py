"""A person with a browser, at the local Discord's forms."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx

VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def proof_in(page: str) -> str:
    """The token that the page's form carries."""
    return re.search(r'name="proof" value="(\w+)"', page)[1]


async def answer_form(browser: httpx.AsyncClient, address: str, *, decision: str = "authorize", **given: object) -> str:
    """Open the form at that address, answer it, and say where that leads: to the client, with a code in the query.

    `who` is a user's id, `guild_id` the server that gets the bot.
    """
    page = await browser.get(address)
    if page.status_code != 200:
        return page.headers["Location"]
    fields = {"proof": proof_in(page.text), "decision": decision, **{name: str(one) for name, one in given.items()}}
    answered = await browser.post(address, data=fields)
    assert answered.status_code == 303, answered.text
    return answered.headers["Location"]


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
