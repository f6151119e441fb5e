"""In a server that has just added the bot, nothing that needs a decision is on."""

import pytest

from herwa_api.schemas.exports import CreateExportBody
from herwa_shared.catalog import DEFAULT_SCOPES, FEATURES, Scope
from herwa_shared.config import Settings
from herwa_shared.guardrail.member_data import MemberAudience, can_see_members
from herwa_shared.services.message_subscribers import MessageTopic, list_subscribers
from herwa_shared.services.widgets import create_widget, list_widgets
from herwa_shared.stores import Stores
from tests.shared.services.guild_under_test import GuildUnderTest, create_guild
from tests.support.db_assertions import fetch_rows

STARTED_BY_A_MANAGER = ("backfill", "history_import", "export_job", "api_key", "widget", "message_subscriber")
"""Tables whose rows begin something: past messages, files, access for programs, public numbers, direct messages."""
VIEW_INSIGHTS = 1 << 19


@pytest.fixture
async def guild(stores: Stores) -> GuildUnderTest:
    return await create_guild(stores)


async def test_new_server_has_started_nothing(guild: GuildUnderTest):
    for table in STARTED_BY_A_MANAGER:
        query = f"SELECT count(*) FROM {table} WHERE guild_id = :guild"
        assert await fetch_rows(guild.stores, query, guild=guild.id) == [(0,)], table
    for topic in MessageTopic:
        assert await guild.call(list_subscribers, topic=topic) == ()
    assert await guild.call(list_widgets) == ()


async def test_new_server_shows_members_only_to_those_whom_discord_lets_see_them(guild: GuildUnderTest):
    query = "SELECT member_audience, request_channel_id FROM guild WHERE id = :guild"
    assert await fetch_rows(guild.stores, query, guild=guild.id) == [(MemberAudience.INSIGHTS, None)]
    assert can_see_members(MemberAudience.INSIGHTS, VIEW_INSIGHTS, is_owner=False)
    assert not can_see_members(MemberAudience.INSIGHTS, 0, is_owner=False)


async def test_new_widget_is_off(guild: GuildUnderTest):
    widget = await guild.call_as_manager(create_widget, value={"name": "Blog"})
    assert not widget.settings.is_on


def test_ids_of_members_need_a_decision():
    assert Scope.MEMBER_IDS not in DEFAULT_SCOPES
    assert CreateExportBody.model_fields["members"].default is False


def test_message_content_needs_a_decision(monkeypatch):
    monkeypatch.delenv("HERWA_MESSAGE_CONTENT", raising=False)
    assert not Settings(_env_file=None).discord.message_content


def test_no_feature_contacts_people_by_default():
    """Digests and alerts may exist once a server has switched them on."""
    assert [feature for feature in FEATURES.values() if "digest" in feature.key and feature.on_by_default] == []
