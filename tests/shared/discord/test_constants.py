"""Discord's constants equal those of discord.py."""

import discord

from herwa_shared.discord import constants
from herwa_shared.discord.constants import (
    PERMISSIONS,
    ApplicationFlag,
    ChannelType,
    CommandType,
    Intents,
    MessageType,
    OptionType,
)

INTENTS_BY_NAME_IN_DISCORD_PY = {
    "members": Intents.GUILD_MEMBERS,
    "message_content": Intents.MESSAGE_CONTENT,
    "presences": Intents.GUILD_PRESENCES,
    "voice_states": Intents.GUILD_VOICE_STATES,
    "guild_messages": Intents.GUILD_MESSAGES,
    "guild_reactions": Intents.GUILD_MESSAGE_REACTIONS,
}


def test_permissions_match_the_names_and_bits_of_discord_py():
    discord_flags = discord.Permissions.VALID_FLAGS

    assert {name: discord_flags.get(name) for name in PERMISSIONS} == dict(PERMISSIONS)
    assert set(discord_flags.values()) <= set(PERMISSIONS.values())


def test_intents_have_the_bits_of_discord_py():
    single_bits = {bits for bits in discord.Intents.VALID_FLAGS.values() if bits.bit_count() == 1}
    assert {intent.value for intent in Intents} == single_bits
    for name, intent in INTENTS_BY_NAME_IN_DISCORD_PY.items():
        assert discord.Intents(**{name: True}).value == intent


def test_application_flags_have_the_bits_of_discord_py():
    flags = discord.ApplicationFlags.VALID_FLAGS
    assert {flag.name.lower(): flag.value for flag in ApplicationFlag} == {
        name.removeprefix("gateway_").removeprefix("guild_").replace("presence", "presences"): flags[name]
        for name in (
            "gateway_presence",
            "gateway_presence_limited",
            "gateway_guild_members",
            "gateway_guild_members_limited",
            "gateway_message_content",
            "gateway_message_content_limited",
        )
    }


def test_types_have_the_values_of_discord_py():
    assert {kind.value for kind in ChannelType} <= {kind.value for kind in discord.ChannelType}
    assert discord.ChannelType.forum.value == ChannelType.FORUM
    assert discord.ChannelType.media.value == ChannelType.MEDIA
    assert discord.ChannelType.category.value == ChannelType.CATEGORY
    assert discord.MessageType.reply.value == MessageType.REPLY
    assert discord.MessageType.chat_input_command.value == MessageType.SLASH_COMMAND
    assert discord.MessageType.context_menu_command.value == MessageType.MENU_COMMAND
    assert discord.AppCommandType.chat_input.value == CommandType.SLASH
    assert discord.AppCommandType.user.value == CommandType.USER_MENU
    assert discord.AppCommandType.message.value == CommandType.MESSAGE_MENU
    for option_type in OptionType:
        assert discord.AppCommandOptionType[option_type.name.lower()].value == option_type


def test_message_flags_have_the_bits_of_discord_py():
    flags = discord.MessageFlags.VALID_FLAGS
    assert flags["suppress_embeds"] == constants.SUPPRESS_EMBEDS_FLAG
    assert flags["ephemeral"] == constants.EPHEMERAL_FLAG
    assert flags["loading"] == constants.LOADING_FLAG
    assert flags["suppress_notifications"] == constants.SUPPRESS_NOTIFICATIONS_FLAG
    assert flags["components_v2"] == constants.COMPONENTS_V2_FLAG
