"""A guild with activity of several members in both databases, which only these tests use.

Erasing rewrites the parts of ClickHouse's tables, which takes long in the databases that all other tests share.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import asyncpg
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.models import AccessRequest, AccessRuleRow, MembershipPeriod, Ticket, VoiceSession
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import Actor, ChangeSource, PersonalValue, record
from herwa_shared.stores import Stores, open_stores
from tests.support.embedded_engines import build_settings, connect_owner, create_data_folder
from tests.support.row_factories import EventRow, add_guild, add_member, insert_events

MEMBER, OTHER = 1_000_000_000_000_000_077, 1_000_000_000_000_000_088


def build_activity() -> list[EventRow]:
    """Events of two members and without a member over fourteen months, of several kinds and channels."""
    now = utc_now()
    return [
        EventRow(now - timedelta(days=days, minutes=minutes), user, channel, kind, value)
        for days in (0.2, 1, 20, 70, 150, 400)
        for minutes in (1, 2, 90)
        for user in (MEMBER, OTHER, 0)
        for channel, kind, value in ((1, "message", 12), (2, "message", None), (2, "voice", 60), (0, "join", None))
    ]


@pytest.fixture(scope="package")
def folder() -> Iterator[DataFolder]:
    with create_data_folder() as data_folder:
        yield data_folder


@pytest.fixture(scope="package")
def settings(folder: DataFolder) -> Settings:
    return build_settings(folder)


@pytest.fixture(scope="package")
async def stores(settings: Settings) -> AsyncIterator[Stores]:
    async with open_stores(settings, with_writer=True) as own_stores:
        yield own_stores


@pytest.fixture
async def owner(stores: Stores, settings: Settings, folder: DataFolder) -> AsyncIterator[asyncpg.Connection]:
    async with connect_owner(settings, folder) as connection:
        yield connection


@pytest.fixture
async def guild(stores) -> int:
    guild_id = await add_guild(stores)
    await insert_events(stores, guild_id, build_activity())
    await add_personal_rows(stores, guild_id)
    return guild_id


async def add_personal_rows(stores, guild_id: int) -> None:
    """Add rows about both members to every table that contains members."""
    now = utc_now()
    for user_id in (MEMBER, OTHER):
        await add_member(stores, guild_id, user_id, f"name of {user_id}")
        actor = Actor(ChangeSource.DISCORD, user_id, f"name of {user_id}")
        async with stores.database.transaction() as session:
            session.add(MembershipPeriod(guild_id=guild_id, user_id=user_id, joined_at=now - timedelta(days=9)))
            session.add(VoiceSession(guild_id=guild_id, user_id=user_id, channel_id=5, since_ms=1, counted_until_ms=2))
            session.add(
                AccessRequest(
                    guild_id=guild_id, user_id=user_id, user_name=f"name of {user_id}", command="why", channel_id=5
                )
            )
            session.add(
                AccessRequest(
                    guild_id=guild_id,
                    user_id=55,
                    user_name="Fifty-five",
                    command=f"command {user_id % 100}",
                    channel_id=5,
                    decided_by=user_id,
                    decided_at=now,
                    decision="dismissed",
                )
            )
            for opener_id, responder_id in ((user_id, 55), (55, user_id)):
                session.add(
                    Ticket(
                        guild_id=guild_id,
                        thread_id=user_id + opener_id,
                        channel_id=5,
                        opener_id=opener_id,
                        opened_at=now - timedelta(hours=2),
                        response_id=9,
                        responder_id=responder_id,
                        responded_at=now - timedelta(hours=1),
                    )
                )
            session.add(
                AccessRuleRow(
                    guild_id=guild_id,
                    allow=False,
                    subject_kind="member",
                    subject_id=user_id,
                    target_kind="everything",
                    created_by=user_id,
                )
            )
            await record(session, actor, "rule.add", guild_id=guild_id, after={"who": PersonalValue(str(user_id))})
