"""The past of the population's servers is brought in, piece by piece, so that a client can show how far it is."""

import secrets
from datetime import UTC, datetime, timedelta

from herwa_shared.errors import BadRequest, NotFound
from herwa_sim.behavior.history_generator import Past, past
from herwa_sim.behavior.history_replay import Retelling
from herwa_sim.behavior.server_setup import settled_at
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Guild, Json
from herwa_sim.presets import CAST
from herwa_sim.replay import PATIENCE, History

_SCENES = {scene.name: scene for scene in CAST}
_under_way: dict[str, list[Retelling]] = {}


async def begin(parts: Parts, body: Json) -> Json:
    """`days` of the past of `guild_id`, or of every server of the population, `until` a date or moment.

    Without `until`, and at most, it goes on to the moment at which the server's people were settled: what came after
    it they did before everybody's eyes. The first day is whole (UTC).
    """
    patience = float(body.get("patience", PATIENCE))
    tellings, briefs = [], []
    for guild in _chosen(parts, body):
        start, end = _window(guild, int(body["days"]), body.get("until"))
        story = _past(guild, start, end)
        history = History(parts.world, parts.hub, guild, patience=patience)
        tellings.append(Retelling(parts.world, guild, history, story))
        brief = {"guild_id": str(guild.id), "name": guild.name, "messages": len(story.said)}
        brief["zone"] = _SCENES[guild.name].zone
        briefs.append(brief | {"from": start.isoformat(), "to": end.isoformat()})
    key = secrets.token_hex(8)
    _under_way[key] = tellings
    return {"key": key, "guilds": briefs}


async def step(_: Parts, body: Json) -> Json:
    """Tell some more; answered when the bot is close enough behind. `sent` messages so far; `done` after the last."""
    tellings = _found(body)
    for telling in tellings:
        if not telling.is_told:
            await telling.step()
            break
    return {"sent": sum(one.sent for one in tellings), "done": all(one.is_told for one in tellings)}


async def finish(_: Parts, body: Json) -> Json:
    """Answered when the bot has acknowledged all of it."""
    tellings = _found(body)
    for telling in tellings:
        await telling.finish()
    del _under_way[body["key"]]
    return {"sent": sum(one.sent for one in tellings)}


def _chosen(parts: Parts, body: Json) -> list[Guild]:
    if body.get("guild_id") is not None:
        guild = parts.world.guild(int(body["guild_id"]))
        if guild.name not in _SCENES:
            raise BadRequest(f"{guild.name} is no server of the population: it has no past.")
        return [guild]
    return [one for one in parts.world.guilds.values() if one.name in _SCENES and parts.world.has_bot(one)]


def _window(guild: Guild, days: int, until: str | None) -> tuple[datetime, datetime]:
    end = settled_at(guild)
    if until is not None:
        wanted = datetime.fromisoformat(until)
        end = min(end, wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC))
    start = (end - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, end


def _past(guild: Guild, start: datetime, end: datetime) -> Past:
    return past(_SCENES[guild.name], settled_at(guild), begin=start, end=end)


def _found(body: Json) -> list[Retelling]:
    if body["key"] not in _under_way:
        raise NotFound("No such past is under way: the local Discord was started anew. Begin again.")
    return _under_way[body["key"]]


ACTIONS: dict[str, Action] = {"past/begin": begin, "past/step": step, "past/finish": finish}
