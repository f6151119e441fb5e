"""Control action for voice states."""

from herwa_sim.actions import voice
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json


async def move_member(context: SimContext, body: Json) -> Json:
    """Set the voice channel and state of `user_id` in `guild_id`.

    Without `channel_id` the member is disconnected. The flags are `muted`, `deafened`, `streaming`, `video` and
    `suppressed`.
    """
    channel_id = body.get("channel_id")
    voice.move_member(
        context.world,
        context.world.get_guild(int(body["guild_id"])),
        int(body["user_id"]),
        int(channel_id) if channel_id else None,
        muted=bool(body.get("muted", False)),
        deafened=bool(body.get("deafened", False)),
        streaming=bool(body.get("streaming", False)),
        video=bool(body.get("video", False)),
        suppressed=bool(body.get("suppressed", False)),
    )
    return {}


ACTIONS: dict[str, Action] = {"voice/move": move_member}
