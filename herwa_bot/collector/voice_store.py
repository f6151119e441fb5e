"""The way of voice to PostgreSQL and, at the start, back."""

from collections.abc import Sequence

from herwa_bot.collector.directory import UNSTORABLE
from herwa_bot.collector.voice import Voice
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.pipeline.voice import VoiceChange, open_stays, store_voice

log = get_logger(__name__)

AT_ONCE = 5_000


async def load_voice(database: Database, voice: Voice) -> None:
    """Go on with who sat in voice when the last collector ended, once Discord says that they sit there still."""
    async with database.raw() as connection:
        stays, heard_ms = await open_stays(connection)
    voice.load(stays, heard_ms)
    if stays:
        log.info("members sat in voice when counting ended", members=len(stays), guilds=len(heard_ms))


async def store_all_but_impossible(database: Database, voice: Voice) -> int:
    """Store what changed; how many events that were. When this raises, `voice` has back what is not stored."""
    changes, stored = voice.take(), 0
    while changes:
        batch, rest = changes[:AT_ONCE], changes[AT_ONCE:]
        try:
            stored += await _store(database, batch)
        except BaseException:
            voice.give_back(changes)
            raise
        changes = rest
    return stored


async def _store(database: Database, changes: Sequence[VoiceChange]) -> int:
    try:
        async with database.raw() as connection:
            return await store_voice(connection, changes)
    except UNSTORABLE as error:
        if len(changes) == 1:
            log.error("time in voice is skipped, it cannot be stored", error=str(error)[:200])  # noqa: TRY400 - one line says it
            return 0
    middle = len(changes) // 2
    return await _store(database, changes[:middle]) + await _store(database, changes[middle:])
