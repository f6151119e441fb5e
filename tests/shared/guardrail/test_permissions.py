"""Titles of Discord's permissions."""

from herwa_shared.discord.constants import PERMISSIONS
from herwa_shared.guardrail.permissions import format_permissions


def test_permission_titles_match_discords_settings():
    assert format_permissions(PERMISSIONS["manage_guild"]) == "Manage Server"
    assert (
        format_permissions(PERMISSIONS["manage_messages"] | PERMISSIONS["kick_members"])
        == "Kick Members and Manage Messages"
    )
    assert format_permissions(1 << 60) == "an unknown permission"
