"""Server side of `herwa sim replay`: begin, send rows in batches, finish."""

from herwa_sim.actions.guilds import create_guild
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json
from herwa_sim.replay import RECONNECT_TIMEOUT_SECONDS, Replay, parse_row


async def begin(context: SimContext, body: Json) -> Json:
    """Find or create the quiet guild with this name and start a replay.

    `patience` is how many seconds the bot may be disconnected before the replay fails.
    """
    guild = create_guild(context.world, name=body["guild"])
    reconnect_timeout = float(body.get("patience", RECONNECT_TIMEOUT_SECONDS))
    key = context.replays.add(
        Replay(context.world, context.session_manager, guild, reconnect_timeout=reconnect_timeout)
    )
    return {"replay": key, "guild_id": str(guild.id)}


async def send_rows(context: SimContext, body: Json) -> Json:
    """Send the rows, and wait until the bot has acknowledged enough to continue."""
    replay = context.replays.get(body["replay"])
    await replay.send_rows([parse_row(values) for values in body["rows"]])
    return {"sent": replay.sent_count}


async def finish(context: SimContext, body: Json) -> Json:
    """Wait until the bot has acknowledged the last message. Returns the number `sent`."""
    replay = context.replays.get(body["replay"])
    await replay.finish()
    context.replays.remove(body["replay"])
    context.world.publish()
    return {"sent": replay.sent_count, "guild_id": str(replay.guild.id)}


ACTIONS: dict[str, Action] = {"replay/begin": begin, "replay/rows": send_rows, "replay/finish": finish}
