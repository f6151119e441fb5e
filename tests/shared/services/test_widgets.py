"""Widgets: off at first, limited by the tier, audited, undoable; revoked for ever; one page per server."""

import re

import pytest

from herwa_shared.catalog import Limit
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.services.grants import grant_limit
from herwa_shared.services.undo import undo
from herwa_shared.services.widgets import (
    WidgetLimitReached,
    WidgetStatus,
    change_widget,
    create_widget,
    find_page,
    find_public_widget,
    get_widget,
    list_widgets,
    load_widget_allowance,
    revoke_widget,
)
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import GuildUnderTest, create_guild


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def create(guild: GuildUnderTest, **value) -> WidgetStatus:
    return await guild.call_as_manager(create_widget, value={"name": "Blog"} | value)


async def raise_limit(guild: GuildUnderTest, number: int) -> None:
    await guild.call_as_manager(grant_limit, limit=Limit.WIDGETS, value=number, reason="test")


async def test_new_widget_is_off_and_has_an_unguessable_id(guild):
    widget = await create(guild)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", widget.public_id)
    assert (widget.settings.is_on, widget.position, widget.is_shown(1)) == (False, 1, False)
    [entry] = await guild.list_audit_entries()
    assert (entry.action, entry.target, entry.after) == ("widget.create", str(widget.id), widget.settings.to_value())


async def test_tier_limits_the_number_of_widgets(guild):
    await create(guild)
    with pytest.raises(WidgetLimitReached):
        await create(guild)
    await raise_limit(guild, 2)
    assert (await create(guild)).position == 2
    allowance = await guild.call(load_widget_allowance)
    assert (allowance.used, allowance.limit, allowance.is_used_up) == (2, 2, True)


async def test_downgrade_keeps_the_first_widgets_and_hides_the_others(guild):
    await raise_limit(guild, 3)
    first, second, third = [await create(guild, is_on=True) for _ in range(3)]
    assert [widget.is_shown(1) for widget in (first, second, third)] == [True, False, False]
    await guild.call_as_manager(revoke_widget, widget_id=first.id)
    shown = [widget.is_shown(1) for widget in await guild.call(list_widgets) if widget.revoked_at is None]
    assert shown == [True, False]


async def test_change_keeps_other_settings_and_can_be_undone(guild):
    widget = await create(guild, accent="#112233")
    entry_id = await guild.call_as_manager(change_widget, widget_id=widget.id, value={"is_on": True, "radius": 0})
    changed = await guild.call(get_widget, widget_id=widget.id)
    assert (changed.settings.is_on, changed.settings.radius, changed.settings.accent) == (True, 0, "#112233")
    await guild.call_as_manager(undo, entry_id=entry_id)
    assert (await guild.call(get_widget, widget_id=widget.id)).settings == widget.settings
    assert [entry.action for entry in await guild.list_audit_entries()] == ["widget.set", "widget.set", "widget.create"]


async def test_change_without_effect_is_not_audited(guild):
    widget = await create(guild)
    assert await guild.call_as_manager(change_widget, widget_id=widget.id, value={"radius": 12}) is None


async def test_revoked_widget_cannot_be_changed_and_frees_its_number(guild):
    widget = await create(guild, is_on=True)
    for _ in range(2):
        revoked = await guild.call_as_manager(revoke_widget, widget_id=widget.id)
        assert (revoked.revoked_at is not None, revoked.is_shown(None), revoked.position) == (True, False, 0)
    with pytest.raises(BadRequest):
        await guild.call_as_manager(change_widget, widget_id=widget.id, value={"is_on": True})
    assert (await create(guild)).position == 1
    assert [entry.action for entry in await guild.list_audit_entries()][1] == "widget.revoke"


async def test_widget_of_another_server_does_not_exist(guild, stores):
    other = await create_guild(stores)
    widget = await create(other)
    for function in (change_widget, revoke_widget):
        value = {"value": {"is_on": True}} if function is change_widget else {}
        with pytest.raises(NotFound):
            await guild.call_as_manager(function, widget_id=widget.id, **value)
    with pytest.raises(NotFound):
        await guild.call(get_widget, widget_id=widget.id)


async def test_page_is_one_per_server_and_does_not_count(guild):
    page = await guild.call_as_manager(create_widget, value={"name": "Page", "is_on": True}, is_page=True)
    again = await guild.call_as_manager(create_widget, value={"name": "Page"}, is_page=True)
    assert (again, page.is_shown(0)) == (page, True)
    assert (await guild.call(load_widget_allowance)).used == 0
    assert await guild.call(list_widgets) == ()
    await guild.call_as_manager(revoke_widget, widget_id=page.id)
    assert await guild.call(find_page) is None


async def test_public_id_finds_the_widget_and_its_server(guild, stores):
    widget = await create(guild)
    async with stores.database.transaction() as session:
        found = await find_public_widget(session, public_id=widget.public_id)
        assert await find_public_widget(session, public_id="x" * 22) is None
    assert found is not None
    assert (found.status, found.guild_name, found.timezone, found.week_start) == (widget, "Tea", None, 1)
