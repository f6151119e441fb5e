"""Control actions that write generated history to files, for `herwa import`.

A file is written in steps, so that a client can show progress.
"""

import secrets
from datetime import UTC, datetime, timedelta

from herwa_shared.errors import BadRequest, NotFound
from herwa_sim.behavior.history_file import HistoryFile, PastPeriod
from herwa_sim.behavior.history_generator import ServerHistory, generate_history
from herwa_sim.behavior.server_setup import get_setup_time
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json, SimGuild
from herwa_sim.presets import SERVER_PROFILES
from herwa_sim.texts import actions as texts

_PROFILES = {profile.name: profile for profile in SERVER_PROFILES}
_open_files: dict[str, list[HistoryFile]] = {}


async def begin(context: SimContext, body: Json) -> Json:
    """Begin to write `days` days of history of `guild_id`, or of every simulated server that has the bot.

    The history ends at `until` (a date or time), at the latest when the server was set up, which is also the default:
    everything after that was simulated live. It starts at 00:00 UTC of the first day. Returns `key`, and `guilds` with
    the period and the number of messages of each.
    """
    files, summaries = [], []
    for guild in _select_guilds(context, body):
        period = _compute_period(guild, int(body["days"]), body.get("until"))
        history = _generate_history(period)
        path = context.history_folder / f"{guild.id}.jsonl"
        files.append(HistoryFile(context.world, guild, period, history, path))
        summary = {"guild_id": str(guild.id), "name": guild.name, "messages": len(history.messages)}
        summary["zone"] = period.profile.timezone
        summaries.append(summary | {"from": period.begin.isoformat(), "to": period.end.isoformat()})
    key = secrets.token_hex(8)
    _open_files[key] = files
    return {"key": key, "guilds": summaries}


async def step(_: SimContext, body: Json) -> Json:
    """Write the next batch. Returns the number of messages `written` so far, and `done` after the last."""
    files = _get_files(body)
    for file in files:
        if not file.is_finished:
            file.write_batch()
            break
    return {"written": sum(file.sent_count for file in files), "done": all(file.is_finished for file in files)}


async def finish(_: SimContext, body: Json) -> Json:
    """Complete the files. Returns the number of messages `written`, and the `paths` of the files."""
    files = _get_files(body)
    del _open_files[body["key"]]
    return {"written": sum(file.sent_count for file in files), "paths": [str(file.finish()) for file in files]}


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


def _compute_period(guild: SimGuild, days: int, until: str | None) -> PastPeriod:
    """Return the period of the history."""
    set_up_at = end = get_setup_time(guild)
    if until is not None:
        requested_end = datetime.fromisoformat(until)
        end = min(end, requested_end if requested_end.tzinfo else requested_end.replace(tzinfo=UTC))
    start = (end - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
    return PastPeriod(_PROFILES[guild.name], set_up_at, start, end)


def _generate_history(period: PastPeriod) -> ServerHistory:
    return generate_history(period.profile, period.set_up_at, begin=period.begin, end=period.end)


def _get_files(body: Json) -> list[HistoryFile]:
    if body["key"] not in _open_files:
        raise NotFound(texts.HISTORY_INTERRUPTED)
    return _open_files[body["key"]]


ACTIONS: dict[str, Action] = {"past/begin": begin, "past/step": step, "past/finish": finish}
