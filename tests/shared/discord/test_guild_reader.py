"""Reads roles, members and channel permissions from the local Discord with the bot's token."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from herwa_shared.config import Settings
from herwa_shared.discord.command_permissions import CommandPermissions, DiscordBlock
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD, MAX_SNOWFLAKE, VIEW_CHANNEL
from herwa_shared.discord.endpoints import get_api_url, get_bot_token
from herwa_shared.discord.guild_reader import (
    CACHE_SECONDS,
    ChannelPermissions,
    GuildMemberInfo,
    GuildReader,
    GuildRole,
    PermissionOverwrite,
    compute_permissions,
)
from herwa_shared.errors import DiscordUnavailable
from herwa_shared.runtime.data_dir import DataFolder
from tests.support.sim_process import SimProcess

GUILD, HELPERS, MODS, ADA, CHANNEL = 1, 10, 11, 20, 30
ALL_CHANNELS = GUILD - 1
KICK, BAN = 1 << 1, 1 << 2
ROLES = {
    GUILD: GuildRole(GUILD, "@everyone", 0, 0, VIEW_CHANNEL, False),
    HELPERS: GuildRole(HELPERS, "Helpers", 0, 1, KICK, False),
    MODS: GuildRole(MODS, "Mods", 0, 2, BAN, False),
}


class Clock:
    """A clock that stands still until it is moved."""

    seconds = 0.0

    def read(self) -> float:
        return self.seconds


@pytest.fixture
async def reader(settings: Settings, discord: SimProcess) -> AsyncIterator[GuildReader]:
    folder = DataFolder(settings.data_dir)
    reader = GuildReader(
        get_api_url(settings, folder), SecretStr(get_bot_token(settings, folder)), read_ticks=Clock().read
    )
    yield reader
    await reader.close()


async def test_roles_and_members_are_those_of_discord(reader: GuildReader, discord: SimProcess):
    guild = discord.client.create_guild("Reading")
    helpers = discord.client.create_role(guild, "Helpers", permissions=MANAGE_GUILD)
    ada = discord.client.join(guild, "Ada")
    discord.client.set_roles(guild, ada, [helpers])
    roles = await reader.list_roles(guild)
    assert roles[-1].id == guild
    assert {role.name: role.permissions for role in roles if role.id != guild}["Helpers"] == MANAGE_GUILD
    member = await reader.find_member(guild, ada)
    assert member == GuildMemberInfo(ada, "Ada", frozenset([helpers]), False)
    assert member in (await reader.list_members(guild) or ())
    channel = discord.client.create_channel(guild, "general")
    assert channel in await reader.list_channel_permissions(guild)


async def test_unknown_guilds_and_members_are_missing(reader: GuildReader):
    assert await reader.list_roles(81384788765712384) == ()
    assert await reader.find_member(81384788765712384, 5) is None
    assert await reader.list_members(81384788765712384) is None


async def test_permissions_of_commands_are_those_under_integrations(reader: GuildReader, discord: SimProcess):
    guild = discord.client.create_guild("Integrated")
    helpers = discord.client.create_role(guild, "Helpers")
    assert await reader.load_command_permissions(guild) == CommandPermissions()
    other_guild = discord.client.create_guild("Integrated, too")
    discord.client.call(
        "command/permissions",
        guild_id=str(other_guild),
        permissions=[
            {"id": other_guild, "type": 1, "permission": False},
            {"id": helpers, "type": 1, "permission": True},
        ],
    )
    assert await reader.load_command_permissions(other_guild) == CommandPermissions({other_guild: False, helpers: True})


@pytest.mark.parametrize(
    ("bot", "commands", "is_shown"),
    [
        ({}, {}, True),
        ({GUILD: False}, {}, False),
        ({GUILD: False, HELPERS: True}, {}, True),
        ({HELPERS: False, MODS: True}, {}, True),
        ({HELPERS: True, ADA: False}, {}, False),
        ({GUILD: False}, {"top": {HELPERS: True}}, True),
        ({HELPERS: True}, {"top": {GUILD: False}}, False),
        ({GUILD: False}, {"help": {GUILD: True}}, False),
        ({ALL_CHANNELS: False}, {}, False),
        ({ALL_CHANNELS: False, CHANNEL: True}, {}, True),
        ({CHANNEL: True}, {"top": {ALL_CHANNELS: False}}, False),
        ({GUILD: False, CHANNEL: True}, {}, False),
    ],
)
def test_narrowest_permission_of_a_command_wins(
    bot: dict[int, bool], commands: dict[str, dict[int, bool]], is_shown: bool
):
    permissions = CommandPermissions(bot, commands)
    member = {"member_id": ADA, "role_ids": (HELPERS, MODS), "guild_id": GUILD}
    block = permissions.find_block("top", channel_id=CHANNEL, permissions=0, **member)
    assert block is (None if is_shown else DiscordBlock.INTEGRATIONS)


@pytest.mark.parametrize(
    ("required", "commands", "is_shown"),
    [
        ({"top": KICK}, {}, True),
        ({"top": KICK | BAN}, {}, False),
        ({"help": BAN}, {}, True),
        ({"top": 0}, {}, False),
        ({"top": BAN}, {"top": {HELPERS: True}}, True),
        ({"top": BAN}, {"top": {CHANNEL: True}}, False),
    ],
)
def test_default_permissions_apply_where_nothing_is_set_for_people(
    required: dict[str, int], commands: dict[str, dict[int, bool]], is_shown: bool
):
    permissions = CommandPermissions(commands=commands, defaults=required)
    member = {"member_id": ADA, "role_ids": (HELPERS,), "permissions": KICK, "guild_id": GUILD}
    block = permissions.find_block("top", channel_id=CHANNEL, **member)
    assert block is (None if is_shown else DiscordBlock.DEFAULT_PERMISSIONS)


async def test_default_permissions_are_those_that_the_bot_registered(settings: Settings, discord: SimProcess):
    token, url = SecretStr(get_bot_token(settings, DataFolder(settings.data_dir))), f"{discord.url}/api/v10"
    reader = GuildReader(url, token)
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": f"Bot {token.get_secret_value()}"}, trust_env=False
    ) as bot:
        commands = f"/applications/{(await bot.get('/applications/@me')).json()['id']}/commands"
        manage = {"name": "manage-all", "description": "For managers", "default_member_permissions": MANAGE_GUILD}
        created = (await bot.post(commands, json=manage)).raise_for_status().json()
        permissions = await reader.load_command_permissions(discord.client.create_guild("Defaults"))
        await bot.delete(f"{commands}/{created['id']}")
    await reader.close()
    assert permissions.defaults["manage-all"] == MANAGE_GUILD


async def test_responses_are_cached_for_a_short_time(settings: Settings, discord: SimProcess):
    folder, clock = DataFolder(settings.data_dir), Clock()
    token = SecretStr(get_bot_token(settings, folder))
    reader = GuildReader(get_api_url(settings, folder), token, read_ticks=clock.read)
    guild = discord.client.create_guild("Caching")
    count = len(await reader.list_roles(guild))
    discord.client.create_role(guild, "New")
    assert len(await reader.list_roles(guild)) == count
    clock.seconds = CACHE_SECONDS + 1
    assert len(await reader.list_roles(guild)) == count + 1
    await reader.close()


async def test_unreachable_discord_raises():
    reader = GuildReader("http://127.0.0.1:9", SecretStr("token"))
    with pytest.raises(DiscordUnavailable):
        await reader.list_roles(1)
    await reader.close()


def compute(*overwrites: PermissionOverwrite, roles: tuple[int, ...] = (HELPERS, MODS), owner: int = 0) -> int:
    member = GuildMemberInfo(ADA, "Ada", frozenset(roles), False)
    channel = ChannelPermissions(CHANNEL, 0, overwrites) if overwrites else None
    return compute_permissions(member, ROLES, channel, guild_id=GUILD, owner_id=owner)


def test_permissions_of_roles_add_up():
    assert compute() == VIEW_CHANNEL | KICK | BAN
    assert compute(roles=()) == VIEW_CHANNEL


def test_overwrites_apply_in_the_order_of_discord():
    deny_everyone = PermissionOverwrite(GUILD, 0, VIEW_CHANNEL)
    deny_helpers, allow_mods = PermissionOverwrite(HELPERS, 0, KICK), PermissionOverwrite(MODS, KICK, 0)
    deny_ada = PermissionOverwrite(ADA, VIEW_CHANNEL, KICK)
    assert compute(deny_everyone) == KICK | BAN
    assert compute(deny_everyone, deny_helpers, allow_mods) == KICK | BAN  # among roles, allow wins
    assert compute(deny_everyone, deny_helpers, allow_mods, deny_ada) == BAN | VIEW_CHANNEL


def test_owner_and_administrators_have_every_permission():
    admins = {**ROLES, MODS: GuildRole(MODS, "Mods", 0, 2, ADMINISTRATOR, False)}
    member = GuildMemberInfo(ADA, "Ada", frozenset([MODS]), False)
    hidden = ChannelPermissions(CHANNEL, 0, (PermissionOverwrite(GUILD, 0, VIEW_CHANNEL),))
    assert compute_permissions(member, admins, hidden, guild_id=GUILD) == MAX_SNOWFLAKE
    assert compute(PermissionOverwrite(GUILD, 0, VIEW_CHANNEL), owner=ADA) == MAX_SNOWFLAKE
