"""Members come into voice channels, change, and go."""

from herwa_sim.actions import voice
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json


async def move(parts: Parts, body: Json) -> Json:
    """`guild_id`, `user_id`, `channel_id` (none: leave), and what is true of `muted deafened streaming video`."""
    channel = body.get("channel_id")
    voice.move(
        parts.world,
        parts.world.guild(int(body["guild_id"])),
        int(body["user_id"]),
        int(channel) if channel else None,
        muted=bool(body.get("muted", False)),
        deafened=bool(body.get("deafened", False)),
        streaming=bool(body.get("streaming", False)),
        video=bool(body.get("video", False)),
    )
    return {}


ACTIONS: dict[str, Action] = {"voice/move": move}
