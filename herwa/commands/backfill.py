"""`herwa backfill`: start, pause or resume the back-fill of a server, or show how far it is, for the operator."""

from herwa.commands.operator_session import get_shell_actor, open_operator_session, replace_unprintable, resolve_guild
from herwa.texts import backfill as texts
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.services.backfills import (
    load_backfill_status,
    pause_backfill,
    resume_backfill,
    start_backfill,
)
from herwa_shared.services.policies import load_global_policy, load_policy


async def run_backfill_action(settings: Settings, *, guild: str, action: str) -> str:
    """Start, pause or resume the back-fill of a server, and return a sentence about its status.

    Any other `action` changes nothing. Raises NotFound, BackfillNotPossible.
    """
    now = utc_now()
    async with open_operator_session(settings) as session:
        target = await resolve_guild(session, guild)
        actor = get_shell_actor()
        match action:
            case "start":
                global_policy = await load_global_policy(session)
                policy = await load_policy(session, guild_id=target.id, global_policy=global_policy)
                days = HistoryLimit.from_entitlement(resolve_entitlement(policy, now.timestamp())).days
                await start_backfill(session, actor, guild_id=target.id, history_days=days, now=now)
            case "pause":
                await pause_backfill(session, actor, guild_id=target.id)
            case "resume":
                await resume_backfill(session, actor, guild_id=target.id)
        status = await load_backfill_status(session, guild_id=target.id)
    name = replace_unprintable(target.name)
    return texts.format_not_started(name) if status is None else texts.format_backfill(name, status, now)
