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
from herwa_shared.discord.endpoints import DiscordPlace
from herwa_shared.errors import DiscordAway, LogInNotSetUp
from herwa_shared.log import get_logger

log = get_logger(__name__)

SCOPES = ("identify", "guilds", "guilds.members.read")
PATIENCE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 300.0
NOT_OUR_APPLICATION = "Discord does not know this Herwa: whoever runs it has to check its client id and secret."
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class TokenRefused(Exception):
    """Discord does not take this code or token (any more)."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What Discord gave us to ask on behalf of one user."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """Who logged in. The name is the one that Discord shows."""

    id: int
    name: str
    avatar: str | None


@dataclass(frozen=True, slots=True)
class GuildTold:
    """A guild of a user, as Discord tells them."""

    id: int
    name: str
    icon: str | None
    owner: bool
    permissions: int
    member_count: int


class DiscordLogin:
    """Everything that is asked of Discord for a user. Raises DiscordAway, LogInNotSetUp, and TokenRefused."""

    def __init__(self, place: DiscordPlace, redirect_uri: str) -> None:
        self._place = place
        self._redirect_uri = redirect_uri
        self._oauth = _OAuth(place, httpx.create_ssl_context(), _user_agent(redirect_uri))

    async def address(self, *, state: str, challenge: str) -> str:
        """Where to send a visitor who wants to log in. `challenge` is the S256 of the verifier that we keep."""
        return await self._oauth.get_authorization_url(
            self._redirect_uri, state=state, code_challenge=challenge, code_challenge_method="S256"
        )

    async def tokens(self, *, code: str, verifier: str) -> Tokens:
        """The tokens for a code, which is good for once. TokenRefused also when a scope was left out."""
        try:
            given = await self._oauth.get_access_token(code, self._redirect_uri, verifier)
        except GetAccessTokenError as error:
            raise _meaning(error) from None
        if not set(SCOPES) <= set(str(given.get("scope", "")).split()):
            raise TokenRefused
        return _tokens(given)

    async def renewed(self, tokens: Tokens) -> Tokens:
        """New tokens for old; the old refresh token is spent."""
        try:
            return _tokens(await self._oauth.refresh_token(tokens.refresh))
        except RefreshTokenError as error:
            raise _meaning(error) from None

    async def revoke(self, tokens: Tokens) -> None:
        """End this authorisation at Discord, every token of it."""
        try:
            await self._oauth.revoke_token(tokens.refresh, "refresh_token")
        except OAuth2RequestError as error:
            raise _meaning(error) from None

    async def account(self, tokens: Tokens) -> Account:
        """Who logged in."""
        told = await self._get("/users/@me", tokens)
        return Account(int(told["id"]), str(told.get("global_name") or told["username"])[:100], told.get("avatar"))

    async def guilds(self, tokens: Tokens) -> tuple[GuildTold, ...]:
        """Every guild of the user; Discord allows nobody more than the 200 of one answer."""
        told = await self._get("/users/@me/guilds?with_counts=true", tokens)
        return tuple(_guild(one) for one in told)

    async def roles(self, tokens: Tokens, guild_id: int) -> tuple[int, ...] | None:
        """The user's roles in a guild, @everyone not among them; None for a guild that they are not in."""
        try:
            told = await self._get(f"/users/@me/guilds/{guild_id}/member", tokens)
        except _NotThere:
            return None
        return tuple(int(role_id) for role_id in told["roles"])

    async def _get(self, path: str, tokens: Tokens) -> Any:
        headers = {**self._oauth.request_headers, "Authorization": f"Bearer {tokens.access}"}
        try:
            async with self._oauth.get_httpx_client() as client:
                response = await client.get(self._place.api + path, headers=headers)
            if response.is_success:
                return response.json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("Discord does not answer", path=path, error=type(error).__name__)
            raise DiscordAway from None
        if response.status_code == httpx.codes.UNAUTHORIZED or _lacks_scope(response):
            raise TokenRefused
        if response.status_code == httpx.codes.NOT_FOUND:
            raise _NotThere
        raise _away(response)


class _NotThere(DiscordAway):
    """404. Where nothing can be missing it is one more answer that makes no sense."""


class _OAuth(BaseOAuth2[dict[str, Any]]):
    """httpx-oauth at the addresses of one place."""

    def __init__(self, place: DiscordPlace, ssl: Any, user_agent: str) -> None:
        super().__init__(
            str(place.client_id),
            place.client_secret.get_secret_value(),
            place.authorize,
            place.token,
            place.token,
            place.revoke,
            name="discord",
            base_scopes=[*SCOPES],
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the name of a method
            revocation_endpoint_auth_method="client_secret_basic",
        )
        self.request_headers = {**self.request_headers, "User-Agent": user_agent}
        self._ssl = ssl
        self._through_proxy = urlsplit(place.api).hostname not in LOOPBACK

    def get_httpx_client(self) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """A client for one question, so that there is nothing to close; what is costly about it is made once."""
        return httpx.AsyncClient(verify=self._ssl, timeout=PATIENCE_SECONDS, trust_env=self._through_proxy)


def _user_agent(redirect_uri: str) -> str:
    """In the form that Discord asks for."""
    parts = urlsplit(redirect_uri)
    return f"DiscordBot ({parts.scheme}://{parts.netloc}, 1)"


def _tokens(given: OAuth2Token) -> Tokens:
    lifetime = timedelta(seconds=int(given.get("expires_in", 0)))
    return Tokens(str(given["access_token"]), str(given["refresh_token"]), utc_now() + lifetime)


def _guild(told: Mapping[str, Any]) -> GuildTold:
    return GuildTold(
        id=int(told["id"]),
        name=str(told["name"])[:100],
        icon=told.get("icon"),
        owner=bool(told.get("owner")),
        permissions=int(told.get("permissions", 0)) & MAX_SNOWFLAKE,
        member_count=int(told.get("approximate_member_count") or 0),
    )


def _meaning(error: OAuth2RequestError) -> Exception:
    """The library's error without what it carries along: code, secret and tokens."""
    if error.response is None:
        log.warning("Discord does not answer a log-in")
        return DiscordAway()
    if "invalid_client" in error.response.text:
        log.error("Discord does not accept our application: check DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET")
        return LogInNotSetUp(NOT_OUR_APPLICATION)
    if error.response.status_code == httpx.codes.BAD_REQUEST:
        return TokenRefused()
    return _away(error.response)


def _lacks_scope(response: httpx.Response) -> bool:
    """Discord's own word that this token may not ask that; a ban of our address is said by others, not in JSON."""
    return response.status_code == httpx.codes.FORBIDDEN and "json" in response.headers.get("Content-Type", "")


def _away(response: httpx.Response) -> DiscordAway:
    """Everything else is no word about a token, a ban of our address neither: nobody is logged out for it."""
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return DiscordAway(seconds=_pause(response))
    log.warning("Discord does not answer as it should", status=response.status_code)
    return DiscordAway()


def _pause(response: httpx.Response) -> float:
    """How long Discord wants to be left alone."""
    try:
        return min(float(response.headers.get("Retry-After", 1)), LONGEST_PAUSE_SECONDS)
    except ValueError:
        return 1.0
