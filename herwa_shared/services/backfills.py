"""Start, pause and resume the back-fill of a guild's messages from before the bot was added; its status.

Nothing is fetched before a manager or the operator starts it. Every change is in the guild's audit log.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, func, select

from herwa_shared.clock import utc_now
from herwa_shared.discord.event_times import DISCORD_EPOCH_MS
from herwa_shared.errors import BadRequest
from herwa_shared.models import Backfill, CatchUpTask, Guild, GuildMembership
from herwa_shared.services import texts
from herwa_shared.services.audit import Actor, record
from herwa_shared.services.audited_settings import lock_guild

JOIN_MARGIN = timedelta(minutes=1)
"""The bot listens at the latest this long after it was added."""


class BackfillState(StrEnum):
    """Whether a back-fill goes on."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class BackfillStatus:
    """How far the back-fill of `[begin, end)` is.

    `channels` is None until the bot has listed them; `open_channels` of them are not finished. `fetched` is the number
    of messages. `done_share` is the part of the time of all channels that is fetched, from 0 to 1.
    """

    state: BackfillState
    begin: datetime
    end: datetime
    started_at: datetime
    finished_at: datetime | None
    channels: int | None
    open_channels: int
    refused_channels: int
    fetched: int
    done_share: float

    def to_json(self, now: datetime) -> dict[str, Any]:
        """Return a JSON-compatible dict with rate and time left."""
        return {
            "state": self.state.value,
            "from": self.begin.isoformat(),
            "to": self.end.isoformat(),
            "channels": self.channels,
            "open_channels": self.open_channels,
            "fetched": self.fetched,
            "messages_per_second": round(self.compute_rate(now), 1),
            "seconds_left": None if (left := self.estimate_seconds_left(now)) is None else round(left),
        }

    def estimate_seconds_left(self, now: datetime) -> float | None:
        """Estimate how long it takes from the share so far; None if it does not go on or has just begun."""
        elapsed = (now - self.started_at).total_seconds()
        if self.state is not BackfillState.RUNNING or self.done_share <= 0 or elapsed <= 0:
            return None
        return elapsed * (1 - self.done_share) / self.done_share

    def compute_rate(self, now: datetime) -> float:
        """Compute the messages per second since the start."""
        elapsed = ((self.finished_at or now) - self.started_at).total_seconds()
        return self.fetched / elapsed if elapsed > 0 else 0.0


class BackfillNotPossible(BadRequest):
    """The back-fill is already running, paused or finished, or there is none."""

    code = "backfill_not_possible"


async def start_backfill(
    session: AsyncSession, actor: Actor, *, guild_id: int, history_days: int | None, now: datetime
) -> None:
    """Start the back-fill of the days that the tier includes; None is unlimited.

    A finished one can be started again if the tier now reaches back further. Raises BackfillNotPossible.
    """
    await lock_guild(session, guild_id)
    begin, end = await find_backfill_window(session, guild_id=guild_id, history_days=history_days, now=now)
    values = {"from_at": begin, "to_at": end, "started_at": now}
    reset = {"planned_at": None, "paused_at": None, "finished_at": None, "channels": 0, "refused_channels": 0}
    statement = insert(Backfill).values(guild_id=guild_id, **values, **reset, fetched=0)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["guild_id"], set_=values | reset | {"fetched": 0})
    )
    await record(session, actor, "history.import", guild_id=guild_id, target="", after={"from": begin.isoformat()})


async def find_backfill_window(
    session: AsyncSession, *, guild_id: int, history_days: int | None, now: datetime
) -> tuple[datetime, datetime]:
    """Return the begin and the end of what `start_backfill` would fetch. Raises BackfillNotPossible."""
    row = await session.get(Backfill, guild_id)
    joined_at = await session.scalar(
        select(func.max(GuildMembership.joined_at)).where(
            col(GuildMembership.guild_id) == guild_id, col(GuildMembership.left_at).is_(None)
        )
    )
    end = min((joined_at or now) + JOIN_MARGIN, now)
    first = datetime.fromtimestamp((DISCORD_EPOCH_MS + (guild_id >> 22)) / 1000, UTC)
    begin = first if history_days is None else max(first, now - timedelta(days=history_days))
    if row is not None:
        if row.finished_at is None:
            raise BackfillNotPossible(texts.BACKFILL_PAUSED if row.paused_at else texts.BACKFILL_RUNNING)
        if begin > row.from_at - timedelta(days=1):
            raise BackfillNotPossible(texts.BACKFILL_FINISHED)
        end = row.from_at
    if begin >= end:
        raise BackfillNotPossible(texts.NOTHING_TO_BACKFILL)
    return begin, end


async def pause_backfill(session: AsyncSession, actor: Actor, *, guild_id: int) -> None:
    """Pause the back-fill after the pages that are being fetched. Raises BackfillNotPossible."""
    row = await _require_open(session, guild_id)
    if row.paused_at is not None:
        raise BackfillNotPossible(texts.BACKFILL_PAUSED)
    row.paused_at = utc_now()
    await record(session, actor, "history.pause", guild_id=guild_id, target="")


async def resume_backfill(session: AsyncSession, actor: Actor, *, guild_id: int) -> None:
    """Let a paused back-fill go on where it was. Raises BackfillNotPossible."""
    row = await _require_open(session, guild_id)
    if row.paused_at is None:
        raise BackfillNotPossible(texts.BACKFILL_RUNNING)
    row.started_at += utc_now() - row.paused_at  # the rate and the time left do not count the pause
    row.paused_at = None
    await record(session, actor, "history.resume", guild_id=guild_id, target="")


async def load_backfill_status(session: AsyncSession, *, guild_id: int) -> BackfillStatus | None:
    """Load the status of a guild's back-fill; None if none was started."""
    row = await session.get(Backfill, guild_id, populate_existing=True)
    return None if row is None else await _build_status(session, row)


async def list_open_backfills(session: AsyncSession) -> dict[str, BackfillStatus]:
    """List the back-fills that are not finished, by the name of the guild, the oldest first."""
    query = select(Guild.name, Backfill).join(Guild, col(Guild.id) == col(Backfill.guild_id))
    rows = await session.execute(query.where(col(Backfill.finished_at).is_(None)).order_by(col(Backfill.started_at)))
    return {name: await _build_status(session, row) for name, row in rows.all()}


async def _require_open(session: AsyncSession, guild_id: int) -> Backfill:
    await lock_guild(session, guild_id)
    row = await session.get(Backfill, guild_id)
    if row is None or row.finished_at is not None:
        raise BackfillNotPossible(texts.NO_BACKFILL if row is None else texts.BACKFILL_FINISHED)
    return row


async def _build_status(session: AsyncSession, row: Backfill) -> BackfillStatus:
    """Build the status. The open share of a channel is the part of the ids that are not fetched yet."""
    span = col(CatchUpTask.end_id) - col(CatchUpTask.after_id)
    open_part = (col(CatchUpTask.before_id) - col(CatchUpTask.after_id)) * 1.0 / func.greatest(span, 1)
    tasks = await session.execute(
        select(func.count(), func.coalesce(func.sum(open_part), 0.0)).where(
            col(CatchUpTask.guild_id) == row.guild_id, col(CatchUpTask.from_at) == row.from_at
        )
    )
    open_channels, open_share = tasks.one()
    if row.finished_at is not None:
        state, done_share = BackfillState.FINISHED, 1.0
    else:
        state = BackfillState.RUNNING if row.paused_at is None else BackfillState.PAUSED
        done_share = 1 - float(open_share) / row.channels if row.channels else 0.0
    return BackfillStatus(
        state,
        row.from_at,
        row.to_at,
        row.started_at,
        row.finished_at,
        None if row.planned_at is None else row.channels,
        open_channels,
        row.refused_channels,
        row.fetched,
        done_share,
    )
