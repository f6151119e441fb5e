"""The registered OAuth2 client, and validation of its authorization requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from herwa_sim.texts import authorization as texts


class InvalidAuthorizationRequest(Exception):
    """Raised for an invalid authorization request; redirecting back would be unsafe.

    The message is for developers.
    """


@dataclass(frozen=True, slots=True)
class ClientRegistration:
    """The registered client. `herwa_origin` is the origin of its web application."""

    client_id: int
    client_secret: str = field(repr=False)
    redirect_uris: frozenset[str]
    herwa_origin: str


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A validated authorization request."""

    scopes: tuple[str, ...]
    redirect_uri: str | None
    state: str | None
    challenge: str | None
    prompt: str
    guild_id: int | None

    @property
    def wants_bot(self) -> bool:
        """True if the request includes adding the bot to a server."""
        return "bot" in self.scopes

    @property
    def redirect_origin(self) -> str:
        """Origin of the redirect URI, for the Content-Security-Policy; "" without one."""
        parsed_url = urlsplit(self.redirect_uri or "")
        return f"{parsed_url.scheme}://{parsed_url.netloc}" if parsed_url.netloc else ""

    def build_redirect_url(self, **values: str) -> str:
        """Return the redirect URI with the result parameters and the unchanged state."""
        params = values if self.state is None else values | {"state": self.state}
        return f"{self.redirect_uri}?{urlencode(params)}"


def parse_authorization_request(query: Mapping[str, str], registration: ClientRegistration) -> AuthorizationRequest:
    """Validate the query of an authorization request.

    Raises InvalidAuthorizationRequest wherever Discord would not show a form.
    """
    if query.get("client_id") != str(registration.client_id):
        raise InvalidAuthorizationRequest(texts.UNKNOWN_CLIENT)
    scopes = tuple(dict.fromkeys(query.get("scope", "").split()))
    unknown_scopes = [scope for scope in scopes if scope not in texts.SCOPE_DESCRIPTIONS]
    if unknown_scopes or not scopes:
        raise InvalidAuthorizationRequest(texts.format_invalid_scope(unknown_scopes))
    redirect_uri = query.get("redirect_uri")
    needs_redirect = "response_type" in query or "bot" not in scopes
    if redirect_uri not in registration.redirect_uris and (redirect_uri is not None or needs_redirect):
        raise InvalidAuthorizationRequest(texts.INVALID_REDIRECT)
    if needs_redirect and query.get("response_type") != "code":
        raise InvalidAuthorizationRequest(texts.INVALID_RESPONSE_TYPE)
    challenge = query.get("code_challenge")
    if challenge is not None and query.get("code_challenge_method") != "S256":
        raise InvalidAuthorizationRequest(texts.INVALID_CHALLENGE_METHOD)
    guild_id = query.get("guild_id", "")
    return AuthorizationRequest(
        scopes,
        redirect_uri if needs_redirect else None,
        query.get("state"),
        challenge,
        query.get("prompt", "consent"),
        int(guild_id) if guild_id.isdecimal() else None,
    )
