""""""

from herwa_shared.clock import utc_now
from tests.support.event_factories import build_snowflake


def create_message_payload(server, **changes) -> dict:
    """A MESSAGE_CREATE as Discord sends it."""
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


VOICE_CHANNEL_TYPE = 2
