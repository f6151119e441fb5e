"""`herwa sim replay` as a whole: send the history, then note that these days are now counted."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from herwa.replay import Replayed, replay
from herwa.sim_client import SimClient
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.errors import Unreachable
from herwa_shared.folder import DataFolder
from herwa_shared.services.history import note_history
from herwa_shared.stores import open_stores

KNOWN_WITHIN_SECONDS = 15


async def replay_into(settings: Settings, file: Path, *, guild: str, start: date | None, end: date | None) -> Replayed:
    """Replay and note it. Raises BadHistory before anything is sent, Unreachable when no local Discord answers."""
    if settings.discord.token is not None and settings.discord.url is None:
        raise Unreachable("This copy listens to the real Discord: a replay needs a local one, without DISCORD_TOKEN.")
    folder = DataFolder(settings.data_dir)
    url = settings.discord.url or f"http://127.0.0.1:{folder.port('sim')}"
    client = SimClient(url, folder.secret("sim_control"))
    try:
        done = await asyncio.to_thread(replay, file, guild=guild, start=start, end=end, client=client)
    finally:
        client.close()
    first = start or (done.first_at and done.first_at.date())
    after = end or (done.last_at and done.last_at.date() + timedelta(days=1))
    if first and after:
        async with open_stores(settings, say=lambda _: None) as stores:
            await note_when_known(stores.database, done.guild_id, _midnight(first), _midnight(after))
    return done


def _midnight(day: date) -> datetime:
    """Replays are counted in whole UTC days."""
    return datetime.combine(day, time(), UTC)


async def note_when_known(database: Database, guild_id: int, begin: datetime, stop: datetime) -> None:
    """Note that this stretch was replayed. The bot hears of a new server some moments before it has written it down."""
    for _ in range(KNOWN_WITHIN_SECONDS * 10):
        async with database.transaction() as session:
            if await note_history(session, guild_id=guild_id, begin=begin, end=stop, source="replay"):
                return
        await asyncio.sleep(0.1)
    raise Unreachable("The messages were sent, but the bot has not written the server down: see `herwa status`.")
