"""Log in with Discord: the one place that speaks OAuth2 and asks on behalf of a user. Tokens are never logged."""

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
from herwa_shared.log import get_logger

log = get_logger(__name__)

SCOPES = ("identify", "guilds", "guilds.members.read")
REQUEST_TIMEOUT_SECONDS = 10.0
MAX_RETRY_AFTER_SECONDS = 300.0
INVALID_CLIENT_TEXT = "Discord does not know this Herwa: whoever runs it has to check its client id and secret."
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


class TokenRejected(Exception):
    """Discord does not take this code or token (any more)."""


@dataclass(frozen=True, slots=True)
class OAuthTokens:
    """What Discord gave us to ask on behalf of one user."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DiscordUser:
    """Who logged in. The name is the one that Discord shows."""

    id: int
    name: str
    avatar: str | None


@dataclass(frozen=True, slots=True)
class UserGuildPayload:
    """A guild of a user, as Discord tells them."""

    id: int
    name: str
    icon: str | None
    owner: bool
    permissions: int
    member_count: int


class DiscordOAuthClient:
    """Everything that is asked of Discord for a user. Raises DiscordAway, LogInNotSetUp, and TokenRefused."""

    def __init__(self, endpoints: DiscordEndpoints, redirect_uri: str) -> None:
        self._endpoints = endpoints
        self._redirect_uri = redirect_uri
        self._oauth = _OAuthClient(endpoints, httpx.create_ssl_context(), _build_user_agent(redirect_uri))

    async def build_authorization_url(self, *, state: str, challenge: str) -> str:
        """Where to send a visitor who wants to log in. `challenge` is the S256 of the verifier that we keep."""
        return await self._oauth.get_authorization_url(
            self._redirect_uri, state=state, code_challenge=challenge, code_challenge_method="S256"
        )

    async def exchange_code(self, *, code: str, verifier: str) -> OAuthTokens:
        """The tokens for a code, which is good for once. TokenRefused also when a scope was left out."""
        try:
            token_response = await self._oauth.get_access_token(code, self._redirect_uri, verifier)
        except GetAccessTokenError as error:
            raise _translate_oauth_error(error) from None
        if not set(SCOPES) <= set(str(token_response.get("scope", "")).split()):
            raise TokenRejected
        return _parse_tokens(token_response)

    async def refresh(self, tokens: OAuthTokens) -> OAuthTokens:
        """New tokens for old; the old refresh token is spent."""
        try:
            return _parse_tokens(await self._oauth.refresh_token(tokens.refresh))
        except RefreshTokenError as error:
            raise _translate_oauth_error(error) from None

    async def revoke(self, tokens: OAuthTokens) -> None:
        """End this authorisation at Discord, every token of it."""
        try:
            await self._oauth.revoke_token(tokens.refresh, "refresh_token")
        except OAuth2RequestError as error:
            raise _translate_oauth_error(error) from None

    async def fetch_current_user(self, tokens: OAuthTokens) -> DiscordUser:
        """Who logged in."""
        payload = await self._get("/users/@me", tokens)
        return DiscordUser(
            int(payload["id"]), str(payload.get("global_name") or payload["username"])[:100], payload.get("avatar")
        )

    async def fetch_guilds(self, tokens: OAuthTokens) -> tuple[UserGuildPayload, ...]:
        """Every guild of the user; Discord allows nobody more than the 200 of one answer."""
        payloads = await self._get("/users/@me/guilds?with_counts=true", tokens)
        return tuple(_parse_guild(payload) for payload in payloads)

    async def fetch_role_ids(self, tokens: OAuthTokens, guild_id: int) -> tuple[int, ...] | None:
        """The user's roles in a guild, @everyone not among them; None for a guild that they are not in."""
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
            log.warning("Discord does not answer", path=path, error=type(error).__name__)
            raise DiscordUnavailable from None
        if response.status_code == httpx.codes.UNAUTHORIZED or _is_scope_error(response):
            raise TokenRejected
        if response.status_code == httpx.codes.NOT_FOUND:
            raise _ResourceNotFound
        raise _to_unavailable_error(response)


class _ResourceNotFound(DiscordUnavailable):
    """404. Where nothing can be missing it is one more answer that makes no sense."""


class _OAuthClient(BaseOAuth2[dict[str, Any]]):
    """httpx-oauth at the addresses of one place."""

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
        """A client for one question, so that there is nothing to close; what is costly about it is made once."""
        return httpx.AsyncClient(verify=self._ssl_context, timeout=REQUEST_TIMEOUT_SECONDS, trust_env=self._uses_proxy)


def _build_user_agent(redirect_uri: str) -> str:
    """In the form that Discord asks for."""
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
    """The library's error without what it carries along: code, secret and tokens."""
    if error.response is None:
        log.warning("Discord does not answer a log-in")
        return DiscordUnavailable()
    if "invalid_client" in error.response.text:
        log.error("Discord does not accept our application: check DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET")
        return OAuthNotConfigured(INVALID_CLIENT_TEXT)
    if error.response.status_code == httpx.codes.BAD_REQUEST:
        return TokenRejected()
    return _to_unavailable_error(error.response)


def _is_scope_error(response: httpx.Response) -> bool:
    """Discord's own word that this token may not ask that; a ban of our address is said by others, not in JSON."""
    return response.status_code == httpx.codes.FORBIDDEN and "json" in response.headers.get("Content-Type", "")


def _to_unavailable_error(response: httpx.Response) -> DiscordUnavailable:
    """Everything else is no word about a token, a ban of our address neither: nobody is logged out for it."""
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return DiscordUnavailable(retry_after_seconds=_parse_retry_after(response))
    log.warning("Discord does not answer as it should", status=response.status_code)
    return DiscordUnavailable()


def _parse_retry_after(response: httpx.Response) -> float:
    """How long Discord wants to be left alone."""
    try:
        return min(float(response.headers.get("Retry-After", 1)), MAX_RETRY_AFTER_SECONDS)
    except ValueError:
        return 1.0
