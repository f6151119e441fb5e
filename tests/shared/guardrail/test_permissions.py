import discord

from herwa_shared.guardrail.permissions import PERMISSIONS, permission_title


def test_permissions_have_the_names_and_bits_that_discord_py_gives_them():
    known = discord.Permissions.VALID_FLAGS

    assert {name: known.get(name) for name in PERMISSIONS} == dict(PERMISSIONS)
    assert set(known.values()) <= set(PERMISSIONS.values())


def test_titles_are_those_of_discords_settings():
    assert permission_title(PERMISSIONS["manage_guild"]) == "Manage Server"
    assert (
        permission_title(PERMISSIONS["manage_messages"] | PERMISSIONS["kick_members"])
        == "Kick Members and Manage Messages"
    )
    assert permission_title(1 << 60) == "an unknown permission"
