"""Gateway payloads and Discord constants for the tests of the bot."""

from herwa_shared.clock import utc_now
from tests.support.event_factories import build_snowflake

VOICE_CHANNEL_TYPE = 2


def create_message_payload(server, **changes) -> dict:
    """Create a MESSAGE_CREATE payload with a fresh message id; `changes` replace its fields."""
    return {
        "id": str(build_snowflake(int(utc_now().timestamp() * 1000), low_bits=1)),
        "type": 0,
        "channel_id": str(server.channel),
        "guild_id": str(server.id),
        "author": {"id": str(server.ada), "username": "ada", "global_name": None},
        "member": {"nick": None},
        "content": "",
        "attachments": [],
        "edited_timestamp": None,
    } | changes
