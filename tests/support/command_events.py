"""Reads the commands that the bot has stored."""

from typing import NamedTuple

from herwa_shared.stores import Stores
from tests.support.db_assertions import fetch_rows

COMMANDS_QUERY = """
SELECT kind, channel_id, user_id, command, command_surface, command_outcome, value, thread_id
FROM event_buffer WHERE guild_id = :guild AND kind LIKE 'command%' ORDER BY txid, seq
"""


class StoredCommand(NamedTuple):
    """One command that a member used, without guild and time. `value` is the duration in milliseconds."""

    kind: str
    channel: int
    user: int
    command: str
    surface: str
    outcome: str
    value: int | None
    thread: int


async def list_commands(stores: Stores, guild_id: int) -> list[StoredCommand]:
    """List the guild's commands in the order in which they were stored."""
    return [StoredCommand(*row) for row in await fetch_rows(stores, COMMANDS_QUERY, guild=guild_id)]
