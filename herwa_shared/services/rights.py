"""What a user may see: as Discord says, asked anew after five minutes, before a write, and after a reported change."""

import asyncio
import time
from datetime import datetime, timedelta

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.discord_login import DiscordLogin, GuildTold
from herwa_shared.discord_place import discord_place
from herwa_shared.errors import DiscordAway, NotFound
from herwa_shared.folder import DataFolder
from herwa_shared.seal import Seal, seal_of
from herwa_shared.services.user_guilds import OwnGuild, Told, forget_rights, keep_guilds, told_guilds
from herwa_shared.services.user_tokens import UserTokens

__all__ = ["NO_SUCH_GUILD", "TOKENS", "OwnGuild", "Rights", "forget_rights", "open_rights", "redirect_uri"]

TOKENS = "tokens"
GOOD_FOR = timedelta(minutes=5)
TOLD_AGAIN_AT_MOST = 3
SHORT_PAUSE_SECONDS = 2.0
NO_SUCH_GUILD = "There is no server with this id that you may see."


class Rights:
    """Answers from the database while Discord's are good; asks once, however many want to know at the same time."""

    def __init__(self, database: Database, login: DiscordLogin, seal: Seal) -> None:
        self._database = database
        self._login = login
        self._tokens = UserTokens(database, login, seal)
        self._asking: dict[int, asyncio.Task[None]] = {}
        self._quiet_until: dict[int, float] = {}

    async def guilds(self, user_id: int, *, fresh: bool = False, now: datetime | None = None) -> tuple[OwnGuild, ...]:
        """All guilds of the user, also those without the bot, by name. Raises DiscordAway, LogInAgain."""
        now = now or utc_now()
        if not fresh and _is_good(told := await self._told(user_id), now):
            return told.guilds
        try:
            await self._ask_once(user_id, now)
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

    async def _told(self, user_id: int) -> Told:
        async with self._database.transaction() as session:
            return await told_guilds(session, user_id=user_id)

    async def _ask_once(self, user_id: int, now: datetime) -> None:
        """Join the question that is on its way, or begin one. It goes on though one who waits for it gives up."""
        if (question := self._asking.get(user_id)) is None:
            question = self._asking[user_id] = asyncio.create_task(self._ask(user_id, now))
            question.add_done_callback(lambda done: self._answered(user_id, done))
        await asyncio.shield(question)

    def _answered(self, user_id: int, question: asyncio.Task[None]) -> None:
        del self._asking[user_id]
        if not question.cancelled():
            question.exception()  # known to those who waited; nobody may have

    async def _ask(self, user_id: int, now: datetime) -> None:
        """Ask until the answer is one from after the newest reported change, and keep it."""
        for _ in range(TOLD_AGAIN_AT_MOST):
            doubted = (await self._told(user_id)).doubted
            guilds = await self._answer(user_id, now)
            async with self._database.transaction() as session:
                if await keep_guilds(session, user_id=user_id, guilds=guilds, doubted=doubted, at=now):
                    return
        raise DiscordAway

    async def _answer(self, user_id: int, now: datetime) -> tuple[GuildTold, ...]:
        """Discord's answer. Where it asks for a pause, a short one is waited for, and in a long one nobody asks."""
        if (pause := self._quiet_until.get(user_id, 0) - time.monotonic()) > 0:
            raise DiscordAway(seconds=pause)
        try:
            return await self._tokens.ask(user_id, self._login.guilds, now=now)
        except DiscordAway as away:
            if away.seconds > SHORT_PAUSE_SECONDS:
                self._be_quiet(user_id, away.seconds)
                raise
            await asyncio.sleep(away.seconds)
        try:
            return await self._tokens.ask(user_id, self._login.guilds, now=now)
        except DiscordAway as away:
            self._be_quiet(user_id, away.seconds)
            raise

    def _be_quiet(self, user_id: int, seconds: float) -> None:
        now = time.monotonic()
        quiet = {user: until for user, until in self._quiet_until.items() if until > now}
        self._quiet_until = {**quiet, user_id: now + seconds}


def redirect_uri(settings: Settings) -> str:
    """Where Discord sends people back to; it has to be registered there."""
    return f"{settings.origin}/auth/callback"


def open_rights(settings: Settings, folder: DataFolder, database: Database) -> Rights | None:
    """Rights by the Discord of these settings; None while log-in is not set up. There is nothing to close."""
    place = discord_place(settings, folder)
    if place is None:
        return None
    return Rights(database, DiscordLogin(place, redirect_uri(settings)), seal_of(settings, folder, purpose=TOKENS))


def _is_good(told: Told, now: datetime) -> bool:
    return told.at is not None and now - told.at < GOOD_FOR
