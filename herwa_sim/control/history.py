"""Control actions that replay generated history.

The replay runs in steps, so that a client can show progress.
"""

import secrets
from datetime import UTC, datetime, timedelta

from herwa_shared.errors import BadRequest, NotFound
from herwa_sim.behavior.history_generator import ServerHistory, generate_history
from herwa_sim.behavior.history_replay import HistoryReplay
from herwa_sim.behavior.server_setup import get_setup_time
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json, SimGuild
from herwa_sim.presets import SERVER_PROFILES
from herwa_sim.replay import RECONNECT_TIMEOUT_SECONDS, Replay
from herwa_sim.texts import actions as texts

_PROFILES = {profile.name: profile for profile in SERVER_PROFILES}
_active_replays: dict[str, list[HistoryReplay]] = {}


async def begin(context: SimContext, body: Json) -> Json:
    """Start a replay of `days` days of history for `guild_id`, or for every simulated server.

    The history ends at `until` (a date or time), at the latest when the server was set up, which is also the default:
    everything after that was simulated live. It starts at 00:00 UTC of the first day. `patience` is the reconnect
    timeout in seconds. Returns `key`, and `guilds` with the period and the number of messages of each.
    """
    reconnect_timeout = float(body.get("patience", RECONNECT_TIMEOUT_SECONDS))
    replays, summaries = [], []
    for guild in _select_guilds(context, body):
        start, end = _compute_window(guild, int(body["days"]), body.get("until"))
        history = _generate_history(guild, start, end)
        replay = Replay(context.world, context.session_manager, guild, reconnect_timeout=reconnect_timeout)
        replays.append(HistoryReplay(context.world, guild, replay, history))
        summary = {"guild_id": str(guild.id), "name": guild.name, "messages": len(history.messages)}
        summary["zone"] = _PROFILES[guild.name].timezone
        summaries.append(summary | {"from": start.isoformat(), "to": end.isoformat()})
    key = secrets.token_hex(8)
    _active_replays[key] = replays
    return {"key": key, "guilds": summaries}


async def step(_: SimContext, body: Json) -> Json:
    """Send the next batch, and wait until the bot has acknowledged enough to continue.

    Returns the number of messages `sent` so far, and `done` after the last.
    """
    replays = _get_replays(body)
    for replay in replays:
        if not replay.is_finished:
            await replay.send_batch()
            break
    return {"sent": sum(replay.sent_count for replay in replays), "done": all(replay.is_finished for replay in replays)}


async def finish(_: SimContext, body: Json) -> Json:
    """Wait until the bot has acknowledged everything. Returns the number of messages `sent`."""
    replays = _get_replays(body)
    for replay in replays:
        await replay.finish()
    del _active_replays[body["key"]]
    return {"sent": sum(replay.sent_count for replay in replays)}


def _select_guilds(context: SimContext, body: Json) -> list[SimGuild]:
    """Return the guild of the body, or every simulated guild that has the bot."""
    if body.get("guild_id") is not None:
        guild = context.world.get_guild(int(body["guild_id"]))
        if guild.name not in _PROFILES:
            raise BadRequest(texts.format_no_history(guild.name))
        return [guild]
    return [
        candidate
        for candidate in context.world.guilds.values()
        if candidate.name in _PROFILES and context.world.has_bot(candidate)
    ]


def _compute_window(guild: SimGuild, days: int, until: str | None) -> tuple[datetime, datetime]:
    """Return start and end of the history."""
    end = get_setup_time(guild)
    if until is not None:
        requested_end = datetime.fromisoformat(until)
        end = min(end, requested_end if requested_end.tzinfo else requested_end.replace(tzinfo=UTC))
    start = (end - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, end


def _generate_history(guild: SimGuild, start: datetime, end: datetime) -> ServerHistory:
    return generate_history(_PROFILES[guild.name], get_setup_time(guild), begin=start, end=end)


def _get_replays(body: Json) -> list[HistoryReplay]:
    if body["key"] not in _active_replays:
        raise NotFound(texts.HISTORY_INTERRUPTED)
    return _active_replays[body["key"]]


ACTIONS: dict[str, Action] = {"past/begin": begin, "past/step": step, "past/finish": finish}
