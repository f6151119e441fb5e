"""What goes wrong between Discord and a bot, on demand; and what the application's owner has switched."""

from herwa_shared.errors import BadRequest
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json, Privileged
from herwa_sim.events import Event
from herwa_sim.gateway_socket import Op
from herwa_sim.session import Session


async def drop(parts: Parts, body: Json) -> Json:
    """Cut the sockets, all or of one `shard`; with a `code` they are closed properly with it."""
    for session in _chosen(parts, body):
        if session.line is not None and "code" in body:
            session.line.close(int(body["code"]))
        elif session.line is not None:
            session.line.cut()
    return {}


async def reconnect(parts: Parts, body: Json) -> Json:
    """Op 7: ask the bot to connect again and resume."""
    for session in _chosen(parts, body):
        if session.line is not None:
            session.line.send(Op.RECONNECT)
    return {}


async def invalidate(parts: Parts, body: Json) -> Json:
    """Op 9: the session is worthless; the bot must identify anew, or, if `resumable`, may resume."""
    resumable = bool(body.get("resumable", False))
    for session in _chosen(parts, body):
        parts.hub.invalidate(session, resumable=resumable)
    return {}


async def heartbeat(parts: Parts, body: Json) -> Json:
    """Op 1: ask the bot for a heartbeat, which acknowledges what it has."""
    for session in _chosen(parts, body):
        if session.line is not None:
            session.line.send(Op.HEARTBEAT)
    return {}


async def dispatch(parts: Parts, body: Json) -> Json:
    """Any event `name` with any `data`, to the shard of `guild_id` or to shard 0: the malformed ones, too."""
    guild_id = int(body["guild_id"]) if body.get("guild_id") else None
    event = Event(body["name"], body["data"], guild_id=guild_id, genuine=False)
    parts.hub.dispatch(event)
    return {}


async def chaos(parts: Parts, body: Json) -> Json:
    """Switch faults: each by its name (see `chaos.py`), a share or an object. The answer is all, and what struck."""
    parts.chaos.switch(body)
    return parts.chaos.told()


async def chaos_off(parts: Parts, _: Json) -> Json:
    """Nothing goes wrong any more."""
    parts.chaos.off()
    return parts.chaos.told()


async def application(parts: Parts, body: Json) -> Json:
    """Which `privileged` intents are granted (by name), how many `shards` are advised, and `max_concurrency`."""
    mine = parts.world.application
    if "privileged" in body:
        unknown = {name.upper() for name in body["privileged"]} - set(Privileged.__members__)
        if unknown:
            raise BadRequest(f"Unknown intents: {', '.join(sorted(unknown))}.")
        mine.privileged = Privileged(sum(Privileged[name.upper()] for name in body["privileged"]))
    mine.shards = int(body.get("shards", mine.shards))
    mine.max_concurrency = int(body.get("max_concurrency", mine.max_concurrency))
    parts.world.changed()
    granted = [str(intent.name).lower() for intent in Privileged if intent in mine.privileged]
    return {"privileged": granted, "shards": mine.shards, "max_concurrency": mine.max_concurrency}


def _chosen(parts: Parts, body: Json) -> list[Session]:
    shard = body.get("shard")
    return [one for one in parts.hub.sessions.values() if shard is None or one.identity.shard[0] == int(shard)]


ACTIONS: dict[str, Action] = {
    "fault/drop": drop,
    "fault/reconnect": reconnect,
    "fault/invalidate": invalidate,
    "fault/dispatch": dispatch,
    "chaos": chaos,
    "chaos/off": chaos_off,
    "heartbeat": heartbeat,
    "application": application,
}
