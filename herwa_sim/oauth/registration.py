"""The client as it is registered here, and the question that it sends a visitor with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

SCOPES = {
    "identify": "Know your name and picture",
    "guilds": "Know which servers you are in, and what you may do there",
    "guilds.members.read": "Know your roles in those servers",
    "bot": "Add its bot to a server",
    "applications.commands": "Create commands in a server",
}


class Wrong(Exception):
    """The question cannot be answered, and it is not safe to send the visitor back. In words for a developer."""


@dataclass(frozen=True, slots=True)
class Registration:
    """One client. `home` is where its people start."""

    client_id: int
    client_secret: str = field(repr=False)
    redirect_uris: frozenset[str]
    home: str


@dataclass(frozen=True, slots=True)
class Question:
    """What the client asks of a visitor, checked."""

    scopes: tuple[str, ...]
    redirect_uri: str | None
    state: str | None
    challenge: str | None
    prompt: str
    guild_id: int | None

    @property
    def wants_bot(self) -> bool:
        return "bot" in self.scopes

    @property
    def site(self) -> str:
        """The origin that the visitor comes back to, for a Content-Security-Policy."""
        parts = urlsplit(self.redirect_uri or "")
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    def back(self, **values: str) -> str:
        """The client's address with an answer, and the state as it came."""
        given = values if self.state is None else values | {"state": self.state}
        return f"{self.redirect_uri}?{urlencode(given)}"


def read_question(query: Mapping[str, str], registered: Registration) -> Question:
    """The question in an address. Raises Wrong for anything that Discord would not show a form for."""
    if query.get("client_id") != str(registered.client_id):
        raise Wrong("Unknown application: client_id is not that of the application of this local Discord.")
    scopes = tuple(dict.fromkeys(query.get("scope", "").split()))
    strange = [scope for scope in scopes if scope not in SCOPES]
    if strange or not scopes:
        raise Wrong(f"Invalid scope: {strange[0] if strange else 'none was asked for'}.")
    redirect_uri = query.get("redirect_uri")
    needs_return = "response_type" in query or "bot" not in scopes
    if redirect_uri not in registered.redirect_uris and (redirect_uri is not None or needs_return):
        raise Wrong("Invalid redirect_uri: it is not one of those that are registered, letter by letter.")
    if needs_return and query.get("response_type") != "code":
        raise Wrong("Invalid response_type: only 'code' is known here.")
    challenge = query.get("code_challenge")
    if challenge is not None and query.get("code_challenge_method") != "S256":
        raise Wrong("Invalid code_challenge_method: only S256 is known here.")
    guild_id = query.get("guild_id", "")
    return Question(
        scopes,
        redirect_uri if needs_return else None,
        query.get("state"),
        challenge,
        query.get("prompt", "consent"),
        int(guild_id) if guild_id.isdecimal() else None,
    )
