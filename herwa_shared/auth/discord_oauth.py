"""Client for Discord's OAuth2 and for API requests on behalf of a user.

No other module does either. Codes, tokens and the client secret are never logged.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from httpx_oauth.oauth2 import BaseOAuth2, GetAccessTokenError, OAuth2RequestError, OAuth2Token, RefreshTokenError

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.discord.endpoints import DiscordEndpoints
from herwa_shared.errors import DiscordUnavailable, OAuthNotConfigured
from herwa_shared.log import RateLimitedLogger, get_logger

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

SCOPES = ("identify", "guilds", "guilds.members.read")
REQUEST_TIMEOUT_SECONDS = 10.0
MAX_RETRY_AFTER_SECONDS = 300.0
INVALID_CLIENT_TEXT = (
    "Discord rejected the client id or secret. The operator needs to check DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET."
)
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


class TokenRejected(Exception):
    """Discord rejected the code or token: it is invalid, expired, revoked or lacks a scope."""


class ScopeMissing(TokenRejected):
    """The user did not grant every scope of SCOPES."""


@dataclass(frozen=True, slots=True)
class OAuthTokens:
    """The access and refresh token of one user, and when the access token expires."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DiscordUser:
    """The user who logged in. `name` is the display name, else the user name."""

    id: int
    name: str
    avatar: str | None


@dataclass(frozen=True, slots=True)
class UserGuildPayload:
    """A guild of a user, parsed from Discord's response. `permissions` are Discord's bits."""

    id: int
    name: str
    icon: str | None
    owner: bool
    permissions: int
    member_count: int


class DiscordOAuthClient:
    """OAuth2 flow and user API requests.

    Every method that sends a request raises DiscordUnavailable, OAuthNotConfigured (Discord rejects our client id or
    secret) and TokenRejected.
    """

    def __init__(self, endpoints: DiscordEndpoints, redirect_uri: str) -> None:
        self._endpoints = endpoints
        self._redirect_uri = redirect_uri
        self._oauth = _OAuthClient(endpoints, httpx.create_ssl_context(), _build_user_agent(redirect_uri))

    async def build_authorization_url(self, *, state: str, challenge: str) -> str:
        """Build the URL where a visitor logs in.

        `challenge` is the S256 hash of our PKCE verifier.
        """
        return await self._oauth.get_authorization_url(
            self._redirect_uri, state=state, code_challenge=challenge, code_challenge_method="S256"
        )

    async def exchange_code(self, *, code: str, verifier: str) -> OAuthTokens:
        """Exchange a single-use authorization code for tokens.

        Raises ScopeMissing if the granted scopes lack one of SCOPES.
        """
        try:
            token_response = await self._oauth.get_access_token(code, self._redirect_uri, verifier)
        except GetAccessTokenError as error:
            raise _translate_oauth_error(error) from None
        if not set(SCOPES) <= set(str(token_response.get("scope", "")).split()):
            raise ScopeMissing
        return _parse_tokens(token_response)

    async def refresh(self, tokens: OAuthTokens) -> OAuthTokens:
        """Exchange the refresh token for new tokens; the old refresh token is no longer valid."""
        try:
            return _parse_tokens(await self._oauth.refresh_token(tokens.refresh))
        except RefreshTokenError as error:
            raise _translate_oauth_error(error) from None

    async def revoke(self, tokens: OAuthTokens) -> None:
        """Revoke this authorization at Discord, with all its tokens."""
        try:
            await self._oauth.revoke_token(tokens.refresh, "refresh_token")
        except OAuth2RequestError as error:
            raise _translate_oauth_error(error) from None

    async def fetch_current_user(self, tokens: OAuthTokens) -> DiscordUser:
        """Fetch the user that the tokens belong to."""
        payload = await self._get("/users/@me", tokens)
        return DiscordUser(
            int(payload["id"]), str(payload.get("global_name") or payload["username"])[:100], payload.get("avatar")
        )

    async def fetch_guilds(self, tokens: OAuthTokens) -> tuple[UserGuildPayload, ...]:
        """Fetch all guilds of the user.

        One request suffices: a user has at most 200, a response holds 200.
        """
        payloads = await self._get("/users/@me/guilds?with_counts=true", tokens)
        return tuple(_parse_guild(payload) for payload in payloads)

    async def fetch_role_ids(self, tokens: OAuthTokens, guild_id: int) -> tuple[int, ...] | None:
        """Fetch the user's role ids in a guild, without @everyone; None if they are not a member."""
        try:
            payload = await self._get(f"/users/@me/guilds/{guild_id}/member", tokens)
        except _ResourceNotFound:
            return None
        return tuple(int(role_id) for role_id in payload["roles"])

    async def _get(self, path: str, tokens: OAuthTokens) -> Any:
        headers = {**self._oauth.request_headers, "Authorization": f"Bearer {tokens.access}"}
        try:
            async with self._oauth.get_httpx_client() as client:
                response = await client.get(self._endpoints.api_url + path, headers=headers)
            if response.is_success:
                return response.json()
        except (httpx.HTTPError, ValueError) as error:
            limited_log.warning("Discord request failed", kind=type(error).__name__, path=path)
            raise DiscordUnavailable from None
        if response.status_code == httpx.codes.UNAUTHORIZED or _is_scope_error(response):
            raise TokenRejected
        if response.status_code == httpx.codes.NOT_FOUND:
            raise _ResourceNotFound
        raise _to_unavailable_error(response)


class _ResourceNotFound(DiscordUnavailable):
    """Discord responded 404.

    For requests that cannot be missing, it counts as DiscordUnavailable.
    """


class _OAuthClient(BaseOAuth2[dict[str, Any]]):
    """httpx-oauth client configured with the endpoints of one Discord."""

    def __init__(self, endpoints: DiscordEndpoints, ssl_context: Any, user_agent: str) -> None:
        super().__init__(
            str(endpoints.client_id),
            endpoints.client_secret.get_secret_value(),
            endpoints.authorize_url,
            endpoints.token_url,
            endpoints.token_url,
            endpoints.revoke_url,
            name="discord",
            base_scopes=[*SCOPES],
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the name of a method
            revocation_endpoint_auth_method="client_secret_basic",
        )
        self.request_headers = {**self.request_headers, "User-Agent": user_agent}
        self._ssl_context = ssl_context
        self._uses_proxy = urlsplit(endpoints.api_url).hostname not in LOOPBACK_HOSTS

    def get_httpx_client(self) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """Create a client for a single request, so that nothing needs closing.

        The SSL context, which is expensive to create, is shared.
        """
        return httpx.AsyncClient(verify=self._ssl_context, timeout=REQUEST_TIMEOUT_SECONDS, trust_env=self._uses_proxy)


def _build_user_agent(redirect_uri: str) -> str:
    """Build the User-Agent header in the form that Discord requires."""
    parts = urlsplit(redirect_uri)
    return f"DiscordBot ({parts.scheme}://{parts.netloc}, 1)"


def _parse_tokens(token_response: OAuth2Token) -> OAuthTokens:
    lifetime = timedelta(seconds=int(token_response.get("expires_in", 0)))
    return OAuthTokens(str(token_response["access_token"]), str(token_response["refresh_token"]), utc_now() + lifetime)


def _parse_guild(payload: Mapping[str, Any]) -> UserGuildPayload:
    return UserGuildPayload(
        id=int(payload["id"]),
        name=str(payload["name"])[:100],
        icon=payload.get("icon"),
        owner=bool(payload.get("owner")),
        permissions=int(payload.get("permissions", 0)) & MAX_SNOWFLAKE,
        member_count=int(payload.get("approximate_member_count") or 0),
    )


def _translate_oauth_error(error: OAuth2RequestError) -> Exception:
    """Translate a library error into ours.

    The library's error contains the code, client secret and tokens; ours must not.
    """
    if error.response is None:
        limited_log.warning("Discord request failed", kind=type(error.__cause__ or error).__name__, path="oauth2/token")
        return DiscordUnavailable()
    if "invalid_client" in error.response.text:
        log.error("discord rejected the oauth client", check="DISCORD_CLIENT_ID, DISCORD_CLIENT_SECRET")
        return OAuthNotConfigured(INVALID_CLIENT_TEXT)
    if error.response.status_code == httpx.codes.BAD_REQUEST:
        return TokenRejected()
    return _to_unavailable_error(error.response)


def _is_scope_error(response: httpx.Response) -> bool:
    """Whether a 403 means that the token lacks a scope.

    Discord sends that as JSON. A ban of our IP address also gives 403, but from a proxy before the API, not as JSON.
    """
    return response.status_code == httpx.codes.FORBIDDEN and "json" in response.headers.get("Content-Type", "")


def _to_unavailable_error(response: httpx.Response) -> DiscordUnavailable:
    """Map every other error response to DiscordUnavailable.

    Such a response, including a ban of our IP address, is no statement about the token, so no user is logged out.
    """
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return DiscordUnavailable(retry_after_seconds=parse_retry_after(response))
    limited_log.warning("unexpected response of Discord", kind=str(response.status_code))
    return DiscordUnavailable()


def parse_retry_after(response: httpx.Response) -> float:
    """Parse the Retry-After header in seconds, capped at MAX_RETRY_AFTER_SECONDS.

    Returns 1 if the header is missing or invalid.
    """
    try:
        return min(float(response.headers.get("Retry-After", 1)), MAX_RETRY_AFTER_SECONDS)
    except ValueError:
        return 1.0
