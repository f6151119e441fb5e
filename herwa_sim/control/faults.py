"""Control actions for faults of the gateway and REST, and for the application's settings."""

from herwa_shared.errors import BadRequest
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json, PrivilegedIntents
from herwa_sim.events import GatewayEvent
from herwa_sim.gateway_socket import Opcode
from herwa_sim.session import ResumableSession
from herwa_sim.texts import actions as texts


async def drop_sockets(context: SimContext, body: Json) -> Json:
    """Abort all sockets, or those of one `shard`; with a `code`, close them properly with it."""
    for session in _select_sessions(context, body):
        if session.socket is not None and "code" in body:
            session.socket.close(int(body["code"]))
        elif session.socket is not None:
            session.socket.abort()
    return {}


async def request_reconnect(context: SimContext, body: Json) -> Json:
    """Send op 7: the bot reconnects and resumes."""
    for session in _select_sessions(context, body):
        if session.socket is not None:
            session.socket.send(Opcode.RECONNECT)
    return {}


async def invalidate_sessions(context: SimContext, body: Json) -> Json:
    """Send op 9: the bot must identify again or, if `resumable`, may resume."""
    resumable = bool(body.get("resumable", False))
    for session in _select_sessions(context, body):
        context.session_manager.invalidate(session, resumable=resumable)
    return {}


async def request_heartbeat(context: SimContext, body: Json) -> Json:
    """Send op 1: request a heartbeat, which acknowledges the events that the bot has received."""
    for session in _select_sessions(context, body):
        if session.socket is not None:
            session.socket.send(Opcode.HEARTBEAT)
    return {}


async def dispatch_event(context: SimContext, body: Json) -> Json:
    """Dispatch an event with any `name` and `data`, malformed ones included.

    It goes to the shard of `guild_id`, or to shard 0 without one.
    """
    guild_id = int(body["guild_id"]) if body.get("guild_id") else None
    event = GatewayEvent(body["name"], body["data"], guild_id=guild_id, genuine=False)
    context.session_manager.dispatch(event)
    return {}


async def set_faults(context: SimContext, body: Json) -> Json:
    """Configure faults by name, each with a share or a dict; see `chaos.py`.

    Returns all faults with their counters.
    """
    context.chaos.set_faults(body)
    return context.chaos.to_json()


async def disable_faults(context: SimContext, _: Json) -> Json:
    """Turn off every fault. Returns all faults with their counters."""
    context.chaos.disable_all()
    return context.chaos.to_json()


async def update_application(context: SimContext, body: Json) -> Json:
    """Set the granted `privileged` intents (names), the recommended `shards`, `max_concurrency`."""
    application = context.world.application
    if "privileged" in body:
        unknown = {name.upper() for name in body["privileged"]} - set(PrivilegedIntents.__members__)
        if unknown:
            raise BadRequest(texts.format_unknown_intents(sorted(unknown)))
        application.privileged = PrivilegedIntents(sum(PrivilegedIntents[name.upper()] for name in body["privileged"]))
    application.shards = int(body.get("shards", application.shards))
    application.max_concurrency = int(body.get("max_concurrency", application.max_concurrency))
    context.world.publish()
    granted = [str(intent.name).lower() for intent in PrivilegedIntents if intent in application.privileged]
    return {"privileged": granted, "shards": application.shards, "max_concurrency": application.max_concurrency}


def _select_sessions(context: SimContext, body: Json) -> list[ResumableSession]:
    """Return the sessions of the body's `shard`, or all sessions."""
    shard = body.get("shard")
    return [
        session
        for session in context.session_manager.sessions.values()
        if shard is None or session.identity.shard[0] == int(shard)
    ]


ACTIONS: dict[str, Action] = {
    "fault/drop": drop_sockets,
    "fault/reconnect": request_reconnect,
    "fault/invalidate": invalidate_sessions,
    "fault/dispatch": dispatch_event,
    "chaos": set_faults,
    "chaos/off": disable_faults,
    "heartbeat": request_heartbeat,
    "application": update_application,
}
