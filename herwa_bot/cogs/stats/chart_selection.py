"""The stats commands, and what one reply of theirs shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from herwa_bot.texts import stats as texts
from herwa_bot.ui.dashboard_links import build_window_query
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import Window
from herwa_shared.catalog import FeatureKey
from herwa_shared.dashboard_params import ComparisonMode
from herwa_shared.dashboard_query import DashboardQuery


@dataclass(frozen=True, slots=True)
class StatsCommand:
    """A command that charts one metric: `metric`, or one of `other_metrics` on request.

    `extra_metric` is shown as text in the heading of the chart of `metric`. `has_tickets`: the reply also contains a
    summary of the tickets.
    """

    name: str
    description: str
    feature: FeatureKey
    metric: Metric
    other_metrics: tuple[Metric, ...] = ()
    extra_metric: Metric | None = None
    has_tickets: bool = False

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics that the command can chart, the default first."""
        return (self.metric, *self.other_metrics)


STATS_COMMANDS: Mapping[str, StatsCommand] = MappingProxyType(
    {
        command.name: command
        for command in (
            StatsCommand(
                "server-stats",
                texts.SERVER_STATS,
                FeatureKey.SERVER_STATS,
                Metric.MESSAGES,
                other_metrics=(
                    Metric.ACTIVE_MEMBERS,
                    Metric.REACTIONS,
                    Metric.THREADS,
                    Metric.JOINS,
                    Metric.LEAVES,
                    Metric.MEMBERS,
                    Metric.COMMANDS,
                    Metric.COMMANDS_DENIED,
                ),
            ),
            StatsCommand(
                "voice-stats",
                texts.VOICE_STATS,
                FeatureKey.VOICE_STATS,
                Metric.VOICE_MINUTES,
                other_metrics=(Metric.VOICE_MEMBERS,),
                extra_metric=Metric.VOICE_MEMBERS,
            ),
            StatsCommand(
                "ticket-stats",
                texts.TICKET_STATS,
                FeatureKey.TICKET_STATS,
                Metric.THREADS,
                other_metrics=(Metric.FIRST_RESPONSE_SECONDS,),
                has_tickets=True,
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class ChartSelection:
    """What a reply shows: command, window, metric, and whether the same period before is shown too.

    `invoker_id` is the member who ran the command. Only they can press the buttons. `metric` is None for the command's
    default.
    """

    command: StatsCommand
    window: Window
    invoker_id: int
    is_compared: bool = True
    metric: Metric | None = None

    @property
    def charted_metric(self) -> Metric:
        """The metric of the chart."""
        return self.metric or self.command.metric

    @property
    def extra_metric(self) -> Metric | None:
        """The metric that is shown in the heading."""
        return self.command.extra_metric if self.charted_metric is self.command.metric else None

    def build_dashboard_query(
        self, guild_id: int, *, zone: ZoneInfo, now: datetime, history_start: datetime | None = None
    ) -> DashboardQuery:
        """Build the state of the dashboard page that shows the same: its query is the one of the reply.

        The window begins at `history_start`, if that is later.
        """
        return build_window_query(
            guild_id,
            self.window,
            self.charted_metric,
            zone=zone,
            now=now,
            history_start=history_start,
            comparison_mode=ComparisonMode.PREVIOUS if self.is_compared else ComparisonMode.OFF,
        )
