"""Which commands members used in a window, how they ended, and which steps of the guardrail refused them.

The numbers are those of the metrics `commands` and `commands_denied`. They come from the hourly summary of commands,
which is kept forever. An hour that the window cuts is read from the raw events as long as these are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.metric_definitions import Metric, get_definition, require_supported
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.table_selection import fetch_rows, get_raw_events_start
from herwa_shared.analytics.timezones import SECONDS_PER_HOUR

FAILED_OUTCOME = "failed"
CLICK_SURFACES = ("component", "form")
COMMAND_METRICS = (Metric.COMMANDS, Metric.COMMANDS_DENIED)
COMMAND_USES_SQL = """
WITH uses AS (
    SELECT command, command_surface, command_outcome, events, total_ms
    FROM command_hourly
    WHERE guild_id = {guild:UInt64} AND kind = {kind:String}
      AND hour >= toDateTime({first_hour:UInt32}, 'UTC') AND hour < toDateTime({last_hour:UInt32}, 'UTC')
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
    UNION ALL
    SELECT command, command_surface, command_outcome, toUInt64(1), toUInt64(ifNull(value, 0))
    FROM activity_events
    WHERE guild_id = {guild:UInt64} AND kind = {kind:String}
      AND at >= toDateTime({start:UInt32}, 'UTC') AND at < toDateTime({end:UInt32}, 'UTC')
      AND (at < toDateTime({first_hour:UInt32}, 'UTC') OR at >= toDateTime({last_hour:UInt32}, 'UTC'))
      AND ({channel:UInt64} = 0 OR channel_id = {channel:UInt64})
)
SELECT /* analytics.commands */ command, command_surface, command_outcome, sum(events) AS uses_count, sum(total_ms)
FROM uses
GROUP BY command, command_surface, command_outcome
ORDER BY uses_count DESC, command, command_surface, command_outcome
"""


@dataclass(frozen=True, slots=True)
class CommandUse:
    """How often a command was used in one way with one outcome, and how long that took in total.

    `surface` is a `CommandSurface`. `outcome` is a `CommandOutcome`, or the step of the guardrail that refused. Both
    are of `pipeline/events`.
    """

    command: str
    surface: str
    outcome: str
    count: int
    milliseconds: int

    @property
    def has_failed(self) -> bool:
        """Whether the command, or the check whether it may run, failed."""
        return self.outcome == FAILED_OUTCOME

    @property
    def is_click(self) -> bool:
        """Whether a component or form in the reply of the command was used."""
        return self.surface in CLICK_SURFACES


@dataclass(frozen=True, slots=True)
class CommandUses:
    """The uses of a window, the most frequent first. `approximate` is the same as for `TimeSeries`."""

    items: Sequence[CommandUse]
    approximate: bool = False


async def load_command_uses(clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime) -> CommandUses:
    """Load the commands that ran, or for `commands_denied` those that were refused.

    Raises BadRequest for another metric, ServiceUnavailable if ClickHouse is unreachable.
    """
    require_supported(query.metric, COMMAND_METRICS, usage="by command")
    start, end = query.start_second, query.end_second
    raw_start = get_raw_events_start(now).timestamp()
    is_start_kept, is_end_kept = start >= raw_start, end - end % SECONDS_PER_HOUR >= raw_start
    parameters = {
        "guild": query.guild_id,
        "kind": get_definition(query.metric).kind,
        "channel": query.channel_id or 0,
        "start": start if is_start_kept else _ceil_to_hour(start),
        "end": end,
        "first_hour": _ceil_to_hour(start),
        "last_hour": end - end % SECONDS_PER_HOUR if is_end_kept else _ceil_to_hour(end),
    }
    rows = await fetch_rows(clickhouse, COMMAND_USES_SQL, parameters)
    is_cut = (start % SECONDS_PER_HOUR and not is_start_kept) or (end % SECONDS_PER_HOUR and not is_end_kept)
    return CommandUses([CommandUse(*row) for row in rows], approximate=bool(is_cut))


def _ceil_to_hour(second: int) -> int:
    return second + -second % SECONDS_PER_HOUR
