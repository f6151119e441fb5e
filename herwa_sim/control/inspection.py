"""Control actions that read state: guilds, sessions, personas, population, and the journal."""

from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json, SimChannel, SimGuild
from herwa_sim.serialize.voice import serialize_voice_state
from herwa_sim.session import ResumableSession
from herwa_sim.world import PERSONAS, World


async def get_snapshot(context: SimContext, _: Json) -> Json:
    """Return a summary of the state, small enough for polling."""
    return {
        "application_id": str(context.world.application.id),
        "personas": {name: str(id_) for name, id_ in PERSONAS.items()},
        "population": {"on": context.population.is_on, "speed": context.population.speed},
        "guilds": [_summarize_guild(context.world, guild) for guild in context.world.guilds.values()],
        "sessions": [_summarize_session(session) for session in context.session_manager.sessions.values()],
    }


async def get_guild(context: SimContext, body: Json) -> Json:
    """Return a guild with its channels, threads, members and voice states."""
    guild = context.world.get_guild(int(body["guild_id"]))
    users = context.world.users
    return _summarize_guild(context.world, guild) | {
        "channels": [_summarize_channel(channel) for channel in guild.channels.values()],
        "threads": [_summarize_channel(thread) for thread in guild.threads.values()],
        "voice": [serialize_voice_state(voice_state) for voice_state in guild.voice.values()],
        "member_list": [
            {"id": str(user_id), "name": users[user_id].name, "bot": users[user_id].bot} for user_id in guild.members
        ],
    }


async def read_journal(context: SimContext, body: Json) -> Json:
    """Switch the journal `on` or off; return and clear its REST calls and gateway events."""
    context.journal.enabled = bool(body.get("on", context.journal.enabled))
    entries = list(context.journal.entries)
    events = context.journal.take_events()
    context.journal.entries.clear()
    return {"entries": entries, "events": events}


def _summarize_guild(world: World, guild: SimGuild) -> Json:
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "lively": guild.lively,
        "available": guild.available,
        "bot": world.has_bot(guild),
        "members": len(guild.members),
    }


def _summarize_channel(channel: SimChannel) -> Json:
    return {
        "id": str(channel.id),
        "name": channel.name,
        "type": int(channel.type),
        "parent_id": str(channel.parent_id) if channel.parent_id else None,
        "message_count": channel.message_count,
    }


def _summarize_session(session: ResumableSession) -> Json:
    return {
        "session_id": session.id,
        "shard": list(session.identity.shard),
        "connected": session.socket is not None,
        "sequence": session.sequence,
        "acknowledged": session.acknowledged,
        "intents": session.identity.intents,
        "resumes": session.resumes,
        "user_agent": session.identity.user_agent,
    }


ACTIONS: dict[str, Action] = {"guild": get_guild, "journal": read_journal}
