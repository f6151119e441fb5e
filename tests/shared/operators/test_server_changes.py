"""Acts of an operator on a server: what they change, and their entries in both audit logs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import FeatureKey, Limit
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import ExportJob, Subscription
from herwa_shared.operators import server_changes
from herwa_shared.operators.activity import refresh_guild_activity
from herwa_shared.operators.server_criteria import ServerActivity, ServerFilter
from herwa_shared.operators.server_detail import ServerDetails, load_server_details
from herwa_shared.operators.server_search import find_server, search_servers
from herwa_shared.operators.usage import load_usage
from herwa_shared.services.audit import Actor, ChangeSource, list_entries
from herwa_shared.services.audit_verification import verify_chain
from herwa_shared.services.discovery import register
from herwa_shared.services.widgets import create_widget
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import SURFACE_KINDS, SURFACES
from tests.support.row_factories import EventRow, add_guild, insert_events

OPAL = Actor(ChangeSource.CLI, None, "Opal")
REASON = {"reason": "Support request 17", "actor": OPAL}


@pytest.fixture
async def operated_id(stores: Stores) -> int:
    guild_id = await add_guild(stores, has_all_history=False)
    async with stores.database.transaction() as session:
        await register(session, SURFACE_KINDS, SURFACES)
    return guild_id


@asynccontextmanager
async def open_session(stores: Stores) -> AsyncIterator[AsyncSession]:
    async with stores.database.transaction() as session:
        yield session


async def act(stores: Stores, function: Any, **values: Any) -> ServerDetails:
    async with stores.database.transaction() as session:
        await function(session, **values)
        return await load_server_details(session, guild_id=values["guild_id"])


async def list_actions(stores: Stores, guild_id: int) -> tuple[list[str], list[str]]:
    """Actions in the server's own log and those about it in the operators' log, newest first."""
    async with stores.database.transaction() as session:
        own = [entry.action for entry in await list_entries(session, guild_id=guild_id)]
        operators = await list_entries(session, guild_id=None, limit=500)
        assert await verify_chain(session, guild_id=guild_id) is None
    return own, [entry.action for entry in operators if entry.target == str(guild_id)]


async def test_tier_is_granted_extended_and_revoked(stores: Stores, operated_id: int):
    target: dict[str, Any] = {"guild_id": operated_id, **REASON}
    details = await act(stores, server_changes.grant_tier, tier="premium", days=30, is_trial=True, **target)
    [subscription] = details.subscriptions
    assert (details.server.tier, details.tier_title, subscription.source) == ("premium", "Premium", "trial")
    assert subscription.ends_at is not None
    details = await act(stores, server_changes.extend_tier, days=2, **target)
    assert details.server.tier_ends == subscription.ends_at + timedelta(days=2)
    details = await act(stores, server_changes.revoke_tier, **target)
    assert (details.server.tier, details.subscriptions[0].revoked_at is None) == ("free", False)
    assert await list_actions(stores, operated_id) == (
        ["subscription.revoke", "subscription.extend", "subscription.grant"],
        ["server.revoke", "server.extend", "server.grant"],
    )


async def test_features_and_limits_beyond_the_tier(stores: Stores, operated_id: int):
    target: dict[str, Any] = {"guild_id": operated_id, **REASON}
    await act(stores, server_changes.add_feature_override, feature=FeatureKey.VOICE_STATS, days=None, **target)
    details = await act(stores, server_changes.add_limit_override, limit=Limit.API_KEYS, value=20, days=1, **target)
    usage = {usage.limit: usage for usage in details.usage}
    assert (usage[Limit.API_KEYS].used, usage[Limit.API_KEYS].allowed) == (0, 20)
    assert usage[Limit.API_KEYS].is_granted
    assert not usage[Limit.REQUESTS_PER_MINUTE].is_granted
    limit, feature = details.overrides
    assert (limit.limit, limit.value, feature.feature) == (Limit.API_KEYS, 20, FeatureKey.VOICE_STATS)
    details = await act(stores, server_changes.revoke_override, grant_id=limit.id, **target)
    assert details.overrides[0].revoked_at is not None
    assert (await list_actions(stores, operated_id))[1] == ["server.override_revoke", "server.limit", "server.feature"]


async def test_notes_are_only_in_the_operators_log(stores: Stores, operated_id: int):
    details = await act(stores, server_changes.add_note, guild_id=operated_id, text=" asked\nfor  help ", actor=OPAL)
    [note] = details.notes
    assert (note.text, note.by) == ("asked for help", "Opal")
    with pytest.raises(NotFound):
        await act(stores, server_changes.delete_note, guild_id=operated_id, note_id=note.id + 1, actor=OPAL)
    details = await act(stores, server_changes.delete_note, guild_id=operated_id, note_id=note.id, actor=OPAL)
    assert details.notes == ()
    assert await list_actions(stores, operated_id) == ([], ["server.note_delete", "server.note"])


async def test_acts_without_a_reason_change_nothing(stores: Stores, operated_id: int):
    target: dict[str, Any] = {"guild_id": operated_id, "actor": OPAL}
    for reason in ("", "  \n ", "x" * 201):
        with pytest.raises(BadRequest) as refusal:
            await act(stores, server_changes.grant_tier, tier="premium", days=1, reason=reason, **target)
        assert refusal.value.field == "reason"
    with pytest.raises(BadRequest):
        await act(stores, server_changes.grant_tier, tier="premium", days=None, is_trial=True, reason="r", **target)
    with pytest.raises(BadRequest):
        await act(stores, server_changes.revoke_tier, reason="r", **target)
    with pytest.raises(NotFound):
        await act(stores, server_changes.grant_tier, tier="premium", days=1, reason="r", guild_id=1, actor=OPAL)
    assert await list_actions(stores, operated_id) == ([], [])


async def list_by_activity(stores: Stores, guild_id: int) -> set[ServerActivity]:
    """Return the activities by which a search finds a server."""
    found = set()
    for activity in ServerActivity:
        async with open_session(stores) as session:
            servers = (await search_servers(session, ServerFilter(str(guild_id), activity=activity))).servers
        found |= {activity for server in servers if server.id == guild_id}
    return found


async def test_activity_counts_the_events_of_the_last_day(stores: Stores, operated_id: int):
    now = utc_now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    events = [EventRow(hour - timedelta(hours=hours)) for hours in (1, 2, 2, 40)]
    await insert_events(stores, operated_id, events)
    await refresh_guild_activity(stores.database, stores.clickhouse, now=now)
    async with open_session(stores) as session:
        server = await find_server(session, guild_id=operated_id, now=now)
    assert server is not None
    assert (server.events, server.last_event_at) == (3, hour - timedelta(hours=1))
    assert await list_by_activity(stores, operated_id) == {ServerActivity.ACTIVE}
    await refresh_guild_activity(stores.database, stores.clickhouse, now=now + timedelta(days=3))
    async with open_session(stores) as session:
        server = await find_server(session, guild_id=operated_id, now=now)
    assert server is not None
    assert (server.events, server.last_event_at) == (0, hour - timedelta(hours=1))
    assert await list_by_activity(stores, operated_id) == {ServerActivity.SILENT}


async def test_usage_counts_what_each_limit_allows(stores: Stores, operated_id: int):
    now = utc_now()
    minute = now.replace(second=0, microsecond=0) - timedelta(hours=2)
    commands = [EventRow(minute, user=user, kind="command") for user in (1, 1, 1, 2)]
    old_commands = [EventRow(now - timedelta(days=2), user=1, kind="command")] * 9
    await insert_events(stores, operated_id, [*commands, *old_commands, EventRow(minute - timedelta(days=40))])
    await refresh_guild_activity(stores.database, stores.clickhouse, now=now)
    async with stores.database.transaction() as session:
        for rows, age in ((700, 1), (300, 2), (90_000, 31)):
            created_at = now - timedelta(days=age)
            session.add(
                ExportJob(
                    guild_id=operated_id,
                    created_at=created_at,
                    data_sets=["summaries"],
                    format="csv",
                    from_at=created_at,
                    to_at=now,
                    border_at=created_at,
                    done_rows=rows,
                )
            )
        await create_widget(session, guild_id=operated_id, value={"name": "Card"}, actor=OPAL)
        usage = {entry.limit: entry.used for entry in await load_usage(session, guild_id=operated_id, now=now)}
    assert usage == {
        Limit.HISTORY_DAYS: 41,
        Limit.WIDGETS: 1,
        Limit.API_KEYS: 0,
        Limit.REQUESTS_PER_MINUTE: 0,
        Limit.EXPORT_ROWS: 700,
        Limit.MEMBER_COMMANDS_PER_MINUTE: 3,
        Limit.GUILD_COMMANDS_PER_MINUTE: 4,
    }
    later = now + timedelta(days=3)
    await refresh_guild_activity(stores.database, stores.clickhouse, now=later)
    async with open_session(stores) as session:
        usage = {entry.limit: entry.used for entry in await load_usage(session, guild_id=operated_id, now=later)}
    assert (usage[Limit.GUILD_COMMANDS_PER_MINUTE], usage[Limit.MEMBER_COMMANDS_PER_MINUTE]) == (0, 0)


async def test_revocation_is_undone_within_ten_minutes(stores: Stores, operated_id: int):
    target: dict[str, Any] = {"guild_id": operated_id, **REASON}
    for tier, days in (("premium", 30), ("premium", 7)):
        await act(stores, server_changes.grant_tier, tier=tier, days=days, **target)
    granted = await act(stores, server_changes.add_limit_override, limit=Limit.API_KEYS, value=20, days=1, **target)
    await act(stores, server_changes.revoke_tier, **target)
    details = await act(stores, server_changes.restore_tier, **target)
    assert (details.server.tier, details.server.tier_ends) == ("premium", granted.server.tier_ends)
    assert [subscription.revoked_at for subscription in details.subscriptions] == [None, None]
    [override] = granted.overrides
    await act(stores, server_changes.revoke_override, grant_id=override.id, **target)
    details = await act(stores, server_changes.restore_override, grant_id=override.id, **target)
    assert details.overrides == granted.overrides
    for restore in (server_changes.restore_tier, partial(server_changes.restore_override, grant_id=override.id)):
        with pytest.raises(BadRequest):
            await act(stores, restore, **target)
    await act(stores, server_changes.revoke_tier, **target)
    async with stores.database.transaction() as session:
        await session.execute(
            update(Subscription)
            .where(Subscription.guild_id == operated_id)
            .values(revoked_at=utc_now() - timedelta(minutes=11))
        )
    with pytest.raises(BadRequest):
        await act(stores, server_changes.restore_tier, **target)
    own, operators = await list_actions(stores, operated_id)
    assert own[0] == "subscription.revoke"
    assert {"subscription.restore", "grant.restore"} <= set(own)
    assert {"server.restore", "server.override_restore"} <= set(operators)
