"""The server's side of `herwa sim replay`: begin, rows, rows, …, finish."""

from herwa_sim.actions.guilds import create_guild
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json
from herwa_sim.replay import PATIENCE, History, row_from


async def begin(parts: Parts, body: Json) -> Json:
    """Find or make the quiet guild of that name. `patience` is how many seconds a bot may be away."""
    guild = create_guild(parts.world, name=body["guild"])
    patience = float(body.get("patience", PATIENCE))
    key = parts.histories.begin(History(parts.world, parts.hub, guild, patience=patience))
    return {"replay": key, "guild_id": str(guild.id)}


async def rows(parts: Parts, body: Json) -> Json:
    """Send these; answered when the bot is close enough behind for more."""
    history = parts.histories.get(body["replay"])
    await history.send([row_from(one) for one in body["rows"]])
    return {"sent": history.sent}


async def finish(parts: Parts, body: Json) -> Json:
    """Answered when the bot has acknowledged the last message."""
    history = parts.histories.get(body["replay"])
    await history.finish()
    parts.histories.end(body["replay"])
    parts.world.changed()
    return {"sent": history.sent, "guild_id": str(history.guild.id)}


ACTIONS: dict[str, Action] = {"replay/begin": begin, "replay/rows": rows, "replay/finish": finish}
