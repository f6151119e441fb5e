"""View as: an hour at most, one server at a time, with an entry in both audit logs."""

from datetime import timedelta

import pytest

from herwa_shared.auth.operators import Operator
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.operators.view_as import MAX_VIEW_TIME, ActiveView, find_view, start_view, stop_view
from herwa_shared.services.audit import Actor, ChangeSource, list_entries
from herwa_shared.stores import Stores
from tests.support.row_factories import add_guild


def build_operator(user_id: int) -> Operator:
    return Operator(user_id, "Opal", None, utc_now())


async def start(stores: Stores, operator: Operator, guild_id: int, *, reason="Support", managed=()) -> ActiveView:
    actor = Actor(ChangeSource.WEB, operator.user_id, operator.name)
    async with stores.database.transaction() as session:
        return await start_view(
            session, operator, guild_id=guild_id, managed_ids=frozenset(managed), reason=reason, actor=actor
        )


async def find(stores: Stores, operator: Operator, *, later=timedelta()) -> int | None:
    async with stores.database.transaction() as session:
        view = await find_view(session, user_id=operator.user_id, now=utc_now() + later)
    return view.guild.id if view else None


async def test_view_ends_after_an_hour_and_when_another_one_starts(stores: Stores, guild_id: int):
    operator = build_operator(guild_id)
    first, second = await add_guild(stores), await add_guild(stores)
    assert await find(stores, operator) is None
    view = await start(stores, operator, first)
    assert view.guild.is_administrator
    assert await find(stores, operator) == first
    assert await find(stores, build_operator(guild_id + 1)) is None
    assert await find(stores, operator, later=MAX_VIEW_TIME) is None
    await start(stores, operator, second)
    assert await find(stores, operator) == second
    async with stores.database.transaction() as session:
        await stop_view(session, user_id=operator.user_id)
        [entry] = await list_entries(session, guild_id=first)
    assert (entry.action, entry.reason, entry.actor.name) == ("operator.view", "Support", "Opal")
    assert await find(stores, operator) is None


async def test_view_needs_a_reason_and_a_server_of_others(stores: Stores, guild_id: int):
    operator, server_id = build_operator(guild_id), await add_guild(stores)
    for refused in (
        start(stores, operator, server_id, reason=" "),
        start(stores, operator, server_id, managed=[server_id]),
    ):
        with pytest.raises(BadRequest):
            await refused
    left_id = await add_guild(stores, left_at=utc_now())
    for unknown_id in (1, left_id):
        with pytest.raises(NotFound):
            await start(stores, operator, unknown_id)
    assert await find(stores, operator) is None
