"""Events of exports: recorded once, shown to the person who created the export, and sent to those who want messages."""

import asyncio
from datetime import timedelta

from sqlalchemy import update
from sqlmodel import col, select

import herwa_shared.exports.files as files_module
from herwa_shared.clock import utc_now
from herwa_shared.exports.cleanup import delete_orphaned_files
from herwa_shared.exports.events import (
    MAX_MESSAGES_PER_DAY,
    MESSAGE_LIFETIME,
    NOTICE_LIFETIME,
    ExportNotice,
    claim_messages,
    load_notices,
    mark_seen,
    record_event,
)
from herwa_shared.models import ExportEvent, ExportJob
from herwa_shared.services.message_subscribers import MessageTopic, set_subscription
from tests.shared.exports.conftest import finish_export, start_export
from tests.support.export_factory import add_finished_export
from tests.support.row_factories import OWNER_ID, add_guild
from tests.support.waiting import wait_until


async def load_events(stores, guild_id: int) -> list[tuple[int, str]]:
    async with stores.database.transaction() as session:
        query = select(ExportEvent).where(col(ExportEvent.guild_id) == guild_id).order_by(col(ExportEvent.id))
        return [(event.export_id, event.type) for event in await session.scalars(query)]


async def load_notice(stores, guild_id: int, *, user_id: int = OWNER_ID, days: float = 0) -> ExportNotice:
    async with stores.database.transaction() as session:
        notices = await load_notices(session, guild_id=guild_id, now=utc_now() + timedelta(days=days))
    return notices.get(user_id, ExportNotice())


async def claim(stores, guild_id: int) -> list[tuple[int, str | None]]:
    """Claim the messages of one guild, as the bot that is in it does."""
    async with stores.database.transaction() as session:
        messages = await claim_messages(session, has_guild=lambda id_: id_ == guild_id)
    return [(message.user_id, message.error) for message in messages]


async def subscribe(stores, guild_id: int, *, user_id: int = OWNER_ID) -> None:
    async with stores.database.transaction() as session:
        await set_subscription(session, guild_id=guild_id, topic=MessageTopic.EXPORTS, user_id=user_id, subscribed=True)


async def test_ready_and_failed_exports_have_one_event_each(stores, runner, folder, guild, monkeypatch):
    first = await start_export(stores, guild)
    await finish_export(stores, runner, first)
    assert await load_events(stores, guild) == [(first, "export.ready")]
    async with stores.database.acquire_connection() as connection:
        await record_event(connection, first)
    assert await load_events(stores, guild) == [(first, "export.ready")], "an export is ready once"
    folder.get_index(first).unlink()
    await delete_orphaned_files(stores.database, folder)
    assert await load_events(stores, guild) == [(first, "export.ready"), (first, "export.failed")]
    monkeypatch.setattr(files_module, "MIN_FREE_BYTES", 1 << 60)
    second = await start_export(stores, guild)
    await finish_export(stores, runner, second)
    assert (await load_events(stores, guild))[2:] == [(second, "export.failed")]
    assert await load_notice(stores, guild) == ExportNotice(ready=0, failed=2), "the ready one is lost"


async def test_event_that_is_committed_later_has_a_larger_id(stores):
    """A program that reads on after the last id it has seen misses no event."""
    guild, database = await add_guild(stores), stores.database
    exports = [await add_finished_export(stores, guild) for _ in range(2)]
    async with database.acquire_connection() as connection:
        await connection.execute("DELETE FROM export_event WHERE guild_id = $1", guild)

    async def record_second() -> None:
        async with database.acquire_connection() as connection, connection.transaction():
            await record_event(connection, exports[1])

    async def is_waiting() -> bool:
        async with database.acquire_connection() as connection:
            return await connection.fetchval(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )

    async with asyncio.TaskGroup() as tasks, database.acquire_connection() as connection, connection.transaction():
        await record_event(connection, exports[0])
        tasks.create_task(record_second())
        await wait_until(is_waiting)
        assert await load_events(stores, guild) == []
    assert [export for export, _ in await load_events(stores, guild)] == exports


async def test_person_sees_a_notice_until_they_open_the_page(stores):
    guild, other = await add_guild(stores), await add_guild(stores)
    for state in ("ready", "ready", "failed"):
        await add_finished_export(stores, guild, state=state)
    await add_finished_export(stores, guild, user_id=None)
    await add_finished_export(stores, guild, user_id=77)
    await add_finished_export(stores, other)
    assert await load_notice(stores, guild) == ExportNotice(ready=2, failed=1)
    assert await load_notice(stores, guild, days=NOTICE_LIFETIME.days + 1) == ExportNotice()
    assert await load_notice(stores, guild, user_id=78) == ExportNotice()
    async with stores.database.transaction() as session:
        await mark_seen(session, guild_id=guild, user_id=OWNER_ID, now=utc_now())
    assert await load_notice(stores, guild) == ExportNotice()
    assert await load_notice(stores, guild, user_id=77) == ExportNotice(ready=1)
    assert await load_notice(stores, other) == ExportNotice(ready=1)


async def test_only_people_who_switched_messages_on_get_one_for_each_event(stores):
    guild = await add_guild(stores)
    await add_finished_export(stores, guild)
    await subscribe(stores, guild)
    assert await claim(stores, guild) == [], "it happened before the messages were switched on"
    await add_finished_export(stores, guild, user_id=77)
    await add_finished_export(stores, guild)
    await add_finished_export(stores, guild, state="failed")
    assert await claim(stores, await add_guild(stores)) == [], "another process has this guild"
    assert await claim(stores, guild) == [(OWNER_ID, None), (OWNER_ID, "disk_full")]
    assert await claim(stores, guild) == []


async def test_messages_are_limited_and_never_late(stores):
    guild = await add_guild(stores)
    await subscribe(stores, guild)
    late = await add_finished_export(stores, guild)
    async with stores.database.transaction() as session:
        await session.execute(
            update(ExportEvent)
            .where(col(ExportEvent.export_id) == late)
            .values(occurred_at=utc_now() - MESSAGE_LIFETIME - timedelta(minutes=1))
        )
    assert await claim(stores, guild) == []
    for _ in range(MAX_MESSAGES_PER_DAY - 1):
        await add_finished_export(stores, guild)
    assert len(await claim(stores, guild)) == MAX_MESSAGES_PER_DAY - 1
    for _ in range(3):
        await add_finished_export(stores, guild)
    assert len(await claim(stores, guild)) == 1
    assert await claim(stores, guild) == []


async def test_event_of_an_export_whose_file_was_deleted_is_not_shown(stores):
    guild = await add_guild(stores)
    await subscribe(stores, guild)
    export = await add_finished_export(stores, guild)
    async with stores.database.transaction() as session:
        await session.execute(update(ExportJob).where(col(ExportJob.id) == export).values(state="deleted"))
    assert await load_notice(stores, guild) == ExportNotice()
    assert await claim(stores, guild) == []
