"""Names, bits and titles of Discord's permissions."""

import discord

from herwa_shared.guardrail.permissions import PERMISSIONS, format_permissions


def test_permissions_match_the_names_and_bits_of_discord_py():
    discord_flags = discord.Permissions.VALID_FLAGS

    assert {name: discord_flags.get(name) for name in PERMISSIONS} == dict(PERMISSIONS)
    assert set(discord_flags.values()) <= set(PERMISSIONS.values())


def test_permission_titles_match_discords_settings():
    assert format_permissions(PERMISSIONS["manage_guild"]) == "Manage Server"
    assert (
        format_permissions(PERMISSIONS["manage_messages"] | PERMISSIONS["kick_members"])
        == "Kick Members and Manage Messages"
    )
    assert format_permissions(1 << 60) == "an unknown permission"
