"""What is going on: guilds, sessions, people; and the journal of REST calls."""

from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Channel, Guild, Json
from herwa_sim.serialize.voice import voice_state_json
from herwa_sim.session import Session
from herwa_sim.world import PERSONAS, World


async def state(parts: Parts, _: Json) -> Json:
    """The whole picture, small enough to ask for often."""
    return {
        "application_id": str(parts.world.application.id),
        "personas": {name: str(id_) for name, id_ in PERSONAS.items()},
        "population": {"on": parts.population.is_on, "speed": parts.population.speed},
        "guilds": [_brief(parts.world, guild) for guild in parts.world.guilds.values()],
        "sessions": [_session(session) for session in parts.hub.sessions.values()],
    }


async def guild(parts: Parts, body: Json) -> Json:
    """One guild with its channels, threads and members, and who is in which voice channel."""
    found = parts.world.guild(int(body["guild_id"]))
    names = parts.world.users
    return _brief(parts.world, found) | {
        "channels": [_place(channel) for channel in found.channels.values()],
        "threads": [_place(thread) for thread in found.threads.values()],
        "voice": [voice_state_json(one) for one in found.voice.values()],
        "member_list": [{"id": str(one), "name": names[one].name, "bot": names[one].bot} for one in found.members],
    }


async def journal(parts: Parts, body: Json) -> Json:
    """Switch the journal on or off, and take what it has: REST calls, and gateway events by name."""
    parts.journal.on = bool(body.get("on", parts.journal.on))
    entries = list(parts.journal.entries)
    events = parts.journal.take_events()
    parts.journal.entries.clear()
    return {"entries": entries, "events": events}


def _brief(world: World, guild: Guild) -> Json:
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "lively": guild.lively,
        "available": guild.available,
        "bot": world.has_bot(guild),
        "members": len(guild.members),
    }


def _place(channel: Channel) -> Json:
    return {
        "id": str(channel.id),
        "name": channel.name,
        "type": int(channel.type),
        "parent_id": str(channel.parent_id) if channel.parent_id else None,
        "message_count": channel.message_count,
    }


def _session(session: Session) -> Json:
    return {
        "session_id": session.id,
        "shard": list(session.identity.shard),
        "connected": session.line is not None,
        "sequence": session.sequence,
        "acknowledged": session.acknowledged,
        "intents": session.identity.intents,
        "resumes": session.resumes,
        "user_agent": session.identity.user_agent,
    }


ACTIONS: dict[str, Action] = {"guild": guild, "journal": journal}
