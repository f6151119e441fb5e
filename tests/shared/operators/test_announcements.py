"""Announcements: which servers see which one, until when; every process receives them with the policies."""

from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.operators.announcements import end_announcement, list_announcements, publish_announcement
from herwa_shared.services.audit import Actor, ChangeSource, list_entries
from herwa_shared.services.policies import load_global_policy
from herwa_shared.stores import Stores

OPAL = Actor(ChangeSource.CLI, None, "Opal")


async def list_informed_servers(session, tier: str, *, later=timedelta()) -> list[str]:
    policy = await load_global_policy(session)
    return policy.list_announcements(tier, (utc_now() + later).timestamp())


async def test_announcements_reach_their_tier_until_their_end(stores: Stores):
    async with stores.database.transaction() as session:
        everyone = await publish_announcement(session, text=" to\nall ", tier=None, hours=1, actor=OPAL)
        await publish_announcement(session, text="to premium", tier="premium", hours=2, actor=OPAL)
        assert await list_informed_servers(session, "premium") == ["to premium", "to all"]
        assert await list_informed_servers(session, "free") == ["to all"]
        assert await list_informed_servers(session, "premium", later=timedelta(hours=1)) == ["to premium"]
        assert await list_informed_servers(session, "premium", later=timedelta(hours=2)) == []
        await end_announcement(session, announcement_id=everyone, actor=OPAL)
        assert await list_informed_servers(session, "free") == []
        with pytest.raises(BadRequest):
            await end_announcement(session, announcement_id=everyone, actor=OPAL)
        statuses = await list_announcements(session)
        assert [status.is_shown(utc_now()) for status in statuses[:2]] == [True, False]
        actions = [entry.action for entry in await list_entries(session, guild_id=None, limit=3)]
        assert actions == ["announcement.end", "announcement.publish", "announcement.publish"]
        await session.rollback()


async def test_invalid_announcements_are_refused(stores: Stores):
    async with stores.database.transaction() as session:
        for text, hours in (("", 1), ("x" * 301, 1), ("x", 0), ("x", 24 * 91)):
            with pytest.raises(BadRequest):
                await publish_announcement(session, text=text, tier=None, hours=hours, actor=OPAL)
        with pytest.raises(NotFound):
            await publish_announcement(session, text="x", tier="gold", hours=1, actor=OPAL)
        with pytest.raises(NotFound):
            await end_announcement(session, announcement_id=1 << 50, actor=OPAL)
