"""Read from Discord what servers have bought: the entitlements of Herwa's application.

A list is complete or an error: nothing may be concluded from an entitlement that a partial list lacks.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import httpx
from pydantic import AwareDatetime, BaseModel, Field, SecretStr, TypeAdapter, ValidationError

from herwa_shared.auth.discord_oauth import parse_retry_after
from herwa_shared.config import Settings
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.discord.endpoints import get_api_url, get_bot_token
from herwa_shared.discord.guild_reader import create_bot_client
from herwa_shared.errors import DiscordUnavailable
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.runtime.data_dir import DataFolder

limited_log = RateLimitedLogger(get_logger(__name__))

ENTITLEMENTS_PER_REQUEST = 100
Snowflake = Annotated[int, Field(gt=0, le=MAX_SNOWFLAKE)]


@dataclass(frozen=True, slots=True)
class DiscordEntitlement:
    """What a guild has bought, as Discord says now.

    A refunded one is deleted. It applies during `[starts_at, ends_at)`; without a start, from now; without an end,
    until Discord sets one.
    """

    id: int
    guild_id: int
    sku_id: int
    starts_at: datetime | None
    ends_at: datetime | None
    is_deleted: bool


class _EntitlementPayload(BaseModel):
    """An entitlement in Discord's JSON. One without `guild_id` belongs to a user."""

    id: Snowflake
    application_id: Snowflake
    sku_id: Snowflake
    guild_id: Snowflake | None = None
    deleted: bool
    starts_at: AwareDatetime | None
    ends_at: AwareDatetime | None


_PAGE_ADAPTER = TypeAdapter(list[_EntitlementPayload])


class EntitlementReader:
    """Lists entitlements. Every method raises DiscordUnavailable; close the reader with `close`."""

    def __init__(self, api_url: str, token: SecretStr) -> None:
        self._http = create_bot_client(api_url, token)
        self._application_id: int | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def list_entitlements(self, guild_id: int | None) -> tuple[DiscordEntitlement, ...]:
        """List all entitlements of a guild, or of all guilds, with ended and deleted ones."""
        application_id = await self._get_application_id()
        entitlements: list[DiscordEntitlement] = []
        after = 0
        while True:
            page = await self._fetch_page(application_id, guild_id, after)
            entitlements += [
                DiscordEntitlement(item.id, item.guild_id, item.sku_id, item.starts_at, item.ends_at, item.deleted)
                for item in page
                if item.guild_id is not None
            ]
            if len(page) < ENTITLEMENTS_PER_REQUEST:
                return tuple(entitlements)
            after = page[-1].id

    async def _fetch_page(self, application_id: int, guild_id: int | None, after: int) -> Sequence[_EntitlementPayload]:
        """Fetch a page, in ascending order of the ids."""
        parameters: dict[str, str | int] = {
            "limit": ENTITLEMENTS_PER_REQUEST,
            "after": after,
            "exclude_ended": "false",
            "exclude_deleted": "false",
        }
        if guild_id is not None:
            parameters["guild_id"] = guild_id
        payload = await self._get(f"/applications/{application_id}/entitlements", parameters)
        try:
            page = _PAGE_ADAPTER.validate_python(payload)
        except ValidationError as error:
            raise _report_malformed(str(error.errors()[0]["loc"])) from None
        ids = [after, *(item.id for item in page)]
        if ids != sorted(set(ids)) or any(item.application_id != application_id for item in page):
            raise _report_malformed("order or application")
        if guild_id is not None and any(item.guild_id != guild_id for item in page):
            raise _report_malformed("guild")
        return page

    async def _get_application_id(self) -> int:
        if self._application_id is None:
            payload = await self._get("/applications/@me", {})
            try:
                self._application_id = int(payload["id"])
            except (KeyError, TypeError, ValueError):
                raise _report_malformed("application") from None
        return self._application_id

    async def _get(self, path: str, parameters: dict[str, str | int]) -> Any:
        try:
            response = await self._http.get(path, params=parameters)
            if response.is_success:
                return response.json()
        except (httpx.HTTPError, ValueError) as error:
            limited_log.warning("entitlements unavailable", kind=type(error).__name__)
            raise DiscordUnavailable from None
        limited_log.warning("entitlements unavailable", kind=str(response.status_code))
        raise DiscordUnavailable(retry_after_seconds=parse_retry_after(response))


@asynccontextmanager
async def open_entitlement_reader(settings: Settings) -> AsyncIterator[EntitlementReader]:
    """Open a reader of the configured Discord while the block runs."""
    folder = DataFolder(settings.data_dir)
    reader = EntitlementReader(get_api_url(settings, folder), SecretStr(get_bot_token(settings, folder)))
    try:
        yield reader
    finally:
        await reader.close()


def _report_malformed(part: str) -> DiscordUnavailable:
    limited_log.warning("malformed entitlements", kind=part)
    return DiscordUnavailable()
