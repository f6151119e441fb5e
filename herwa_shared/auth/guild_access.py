"""What a user may see: as Discord says, asked anew after five minutes, before a write, and after a reported change."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from herwa_shared.auth.discord_oauth import DiscordLogin, Tokens
from herwa_shared.auth.encryption import Seal, seal_of
from herwa_shared.auth.oauth_tokens import UserTokens
from herwa_shared.auth.user_guilds import (
    OwnGuild,
    Told,
    ToldRoles,
    forget_rights,
    keep_guilds,
    keep_roles,
    told_guilds,
    told_roles,
)
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.discord.endpoints import discord_place
from herwa_shared.errors import DiscordAway, NotFound
from herwa_shared.runtime.data_dir import DataFolder

__all__ = ["NO_SUCH_GUILD", "TOKENS", "OwnGuild", "Rights", "forget_rights", "open_rights", "redirect_uri"]

TOKENS = "tokens"
GOOD_FOR = timedelta(minutes=5)
TOLD_AGAIN_AT_MOST = 3
SHORT_PAUSE_SECONDS = 2.0
NO_SUCH_GUILD = "There is no server with this id that you may see."
ALL = 0
"""Where a guild's id stands: all the guilds of the user."""

Question = tuple[int, int]
"""Of which user, and about which guild."""
Answer = TypeVar("Answer")


class Rights:
    """Answers from the database while Discord's are good; asks once, however many want to know at the same time."""

    def __init__(self, database: Database, login: DiscordLogin, seal: Seal) -> None:
        self._database = database
        self._login = login
        self._tokens = UserTokens(database, login, seal)
        self._asking: dict[Question, asyncio.Task[Any]] = {}
        self._quiet_until: dict[Question, float] = {}

    async def guilds(self, user_id: int, *, fresh: bool = False, now: datetime | None = None) -> tuple[OwnGuild, ...]:
        """All guilds of the user, also those without the bot, by name. Raises DiscordAway, LogInAgain."""
        now = now or utc_now()
        if not fresh and _is_good(told := await self._told(user_id), now):
            return told.guilds
        try:
            await self._once((user_id, ALL), partial(self._ask_guilds, user_id, now))
        except DiscordAway:
            if _is_good(told := await self._told(user_id), now):
                return told.guilds
            raise
        return (await self._told(user_id)).guilds

    async def managed(
        self, user_id: int, guild_id: int, *, fresh: bool = False, now: datetime | None = None
    ) -> OwnGuild:
        """The guild, if the bot is in it and the user manages it. Else NotFound, whatever the reason."""
        for guild in await self.guilds(user_id, fresh=fresh, now=now):
            if guild.id == guild_id and guild.bot_is_in and guild.manages:
                return guild
        raise NotFound(NO_SUCH_GUILD)

    async def role_ids(self, user_id: int, guild_id: int, *, now: datetime | None = None) -> frozenset[int]:
        """The user's roles in one of their guilds, never older than what `guilds` tells; asked when first needed.

        Raises NotFound for a guild that they are not in, DiscordAway, LogInAgain: also where they logged in before
        Herwa asked for this permission.
        """
        now = now or utc_now()
        told = await self._told_roles(user_id, guild_id)
        if told is not None and told.role_ids is not None and _is_good(told, now):
            return told.role_ids
        return await self._once((user_id, guild_id), partial(self._ask_roles, user_id, guild_id, now))

    async def _told(self, user_id: int) -> Told:
        async with self._database.transaction() as session:
            return await told_guilds(session, user_id=user_id)

    async def _told_roles(self, user_id: int, guild_id: int) -> ToldRoles | None:
        async with self._database.transaction() as session:
            return await told_roles(session, user_id=user_id, guild_id=guild_id)

    async def _once(self, question: Question, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """Join the question that is on its way, or begin one. It goes on though one who waits for it gives up."""
        if (asking := self._asking.get(question)) is None:
            asking = self._asking[question] = asyncio.create_task(ask())
            asking.add_done_callback(partial(self._answered, question))
        answer: Answer = await asyncio.shield(asking)
        return answer

    def _answered(self, question: Question, done: asyncio.Task[Any]) -> None:
        del self._asking[question]
        if not done.cancelled():
            done.exception()  # known to those who waited; nobody may have

    async def _ask_guilds(self, user_id: int, now: datetime) -> None:
        """Ask until the answer is one from after the newest reported change, and keep it."""
        for _ in range(TOLD_AGAIN_AT_MOST):
            doubted = (await self._told(user_id)).doubted
            guilds = await self._answer((user_id, ALL), self._login.guilds, now)
            async with self._database.transaction() as session:
                if await keep_guilds(session, user_id=user_id, guilds=guilds, doubted=doubted, at=now):
                    return
        raise DiscordAway

    async def _ask_roles(self, user_id: int, guild_id: int, now: datetime) -> frozenset[int]:
        """The same for roles, in a guild that Discord has just told or tells now."""
        for _ in range(TOLD_AGAIN_AT_MOST):
            await self.guilds(user_id, now=now)
            asked = await self._told_roles(user_id, guild_id)
            if asked is None:
                raise NotFound(NO_SUCH_GUILD)
            if asked.role_ids is not None:
                return asked.role_ids
            told = await self._answer((user_id, guild_id), partial(self._login.roles, guild_id=guild_id), now)
            async with self._database.transaction() as session:
                if told is None:
                    await forget_rights(session, guild_id=guild_id, user_id=user_id)
                elif await keep_roles(session, user_id=user_id, guild_id=guild_id, role_ids=told, asked=asked):
                    return frozenset(told)
        raise DiscordAway

    async def _answer(self, question: Question, ask: Callable[[Tokens], Awaitable[Answer]], now: datetime) -> Answer:
        """Discord's answer. Where it asks for a pause, a short one is waited for, and in a long one nobody asks."""
        if (pause := self._quiet_until.get(question, 0) - time.monotonic()) > 0:
            raise DiscordAway(seconds=pause)
        try:
            return await self._tokens.ask(question[0], ask, now=now)
        except DiscordAway as away:
            if away.seconds > SHORT_PAUSE_SECONDS:
                self._be_quiet(question, away.seconds)
                raise
            await asyncio.sleep(away.seconds)
        try:
            return await self._tokens.ask(question[0], ask, now=now)
        except DiscordAway as away:
            self._be_quiet(question, away.seconds)
            raise

    def _be_quiet(self, question: Question, seconds: float) -> None:
        now = time.monotonic()
        quiet = {one: until for one, until in self._quiet_until.items() if until > now}
        self._quiet_until = {**quiet, question: now + seconds}


def redirect_uri(settings: Settings) -> str:
    """Where Discord sends people back to; it has to be registered there."""
    return f"{settings.origin}/auth/callback"


def open_rights(settings: Settings, folder: DataFolder, database: Database) -> Rights | None:
    """Rights by the Discord of these settings; None while log-in is not set up. There is nothing to close."""
    place = discord_place(settings, folder)
    if place is None:
        return None
    return Rights(database, DiscordLogin(place, redirect_uri(settings)), seal_of(settings, folder, purpose=TOKENS))


def _is_good(told: Told | ToldRoles, now: datetime) -> bool:
    return told.at is not None and now - told.at < GOOD_FOR
