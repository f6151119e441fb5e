"""Query string models of the statistics routes, and their conversion to `ActivityQuery`."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from herwa_api import texts
from herwa_api.pagination import CURSOR_EXAMPLE, CURSOR_PATTERN, CursorCodec
from herwa_api.schemas.ids import Snowflake
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, Ranking, RankPosition
from herwa_shared.services.guild_settings import GuildSettings
from herwa_shared.zone_names import parse_zone

ChannelMetric = Literal[
    "messages",
    "active_members",
    "voice_minutes",
    "voice_members",
    "reactions",
    "threads",
    "commands",
    "commands_denied",
]
MemberMetric = Literal["messages", "voice_minutes", "reactions", "threads", "commands", "commands_denied"]
HourMetric = Literal[
    "messages",
    "active_members",
    "voice_minutes",
    "voice_members",
    "joins",
    "leaves",
    "reactions",
    "threads",
    "commands",
    "commands_denied",
]
MAX_PAGE_ITEMS = 1_000
METRIC_PATTERN = "|".join(Metric)


SettingsLoader = Callable[[int], Awaitable[GuildSettings]]
"""Loads time zone and week of a guild."""


class StatsComparison(StrEnum):
    """The earlier window to compare with."""

    PREVIOUS = "previous"
    YEAR = "year"


class WindowQuery(BaseModel):
    """Time window and time zone. A parameter that these models do not declare is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: str | None = Field(
        None,
        alias="from",
        description=texts.PARAMETERS["from"],
        examples=["2025-03-01"],
    )
    to: str | None = Field(None, description=texts.PARAMETERS["to"], examples=["2025-04-01"])
    timezone: str | None = Field(
        None,
        description=texts.PARAMETERS["timezone"],
        examples=["Asia/Tokyo"],
    )

    async def to_activity_query(self, load_settings: SettingsLoader, guild_id: int, *, now: datetime) -> ActivityQuery:
        """Convert the window to a query, in `timezone` or else in the guild's time zone, with the guild's weeks.

        Raises BadRequest for an unknown zone or an invalid window.
        """
        zone = None if self.timezone is None else parse_zone(self.timezone)
        settings = await load_settings(guild_id)
        return ActivityQuery.parse(
            self.from_,
            self.to,
            guild_id=guild_id,
            zone=zone or settings.zone,
            week_start=settings.week_start,
            now=now,
        )


class ChannelWindowQuery(WindowQuery):
    """A window with an optional channel filter."""

    channel_id: Snowflake | None = Field(
        None, description=texts.PARAMETERS["channel_id"], examples=["381870129706958858"]
    )

    @property
    def channel(self) -> int | None:
        """The channel's id as an integer, or None."""
        return int(self.channel_id) if self.channel_id else None


class StatsQuery(ChannelWindowQuery):
    """Query string of `…/stats`."""

    metric: str = Field(
        Metric.MESSAGES.value,
        description=texts.PARAMETERS["metrics"],
        examples=["voice_minutes", "messages,joins"],
        json_schema_extra={"pattern": f"^({METRIC_PATTERN})(,({METRIC_PATTERN}))*$"},
    )
    interval: Interval = Field(Interval.DAY, description=texts.PARAMETERS["interval"])
    compare: StatsComparison | None = Field(None, description=texts.PARAMETERS["compare"])

    @field_validator("metric")
    @classmethod
    def _are_metrics(cls, text: str) -> str:
        names = text.split(",")
        if not set(names) <= set(Metric) or len(set(names)) < len(names):
            raise ValueError(texts.EXPECTED_METRICS)
        return text

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics in the order of the request, each once."""
        return tuple(Metric(name) for name in self.metric.split(","))


class _TopQuery(WindowQuery):
    limit: int = Field(10, ge=1, le=MAX_PAGE_ITEMS, description=texts.PARAMETERS["limit"])
    cursor: str | None = Field(
        None, pattern=CURSOR_PATTERN, description=texts.PARAMETERS["cursor"], examples=[CURSOR_EXAMPLE]
    )

    async def to_page(
        self, load_settings: SettingsLoader, guild_id: int, cursors: CursorCodec, *, now: datetime
    ) -> tuple[ActivityQuery, RankPosition | None]:
        """Convert to a query and the position of the page. All pages of a list have the window of the first one.

        Raises what `to_activity_query` raises, and BadRequest for a cursor of other parameters.
        """
        if self.cursor is None:
            return await self.to_activity_query(load_settings, guild_id, now=now), None
        start, end, value, id_ = cursors.parse(self, self.cursor, length=4)
        window = self.model_copy(update={"from_": _format_second(start), "to": _format_second(end)})
        return await window.to_activity_query(load_settings, guild_id, now=now), RankPosition(value, id_)

    def format_next_cursor(self, query: ActivityQuery, ranking: Ranking, cursors: CursorCodec) -> str | None:
        """Format the cursor of the next page; None if there is none."""
        if ranking.next is None:
            return None
        return cursors.format(self, (query.start_second, query.end_second, ranking.next.value, ranking.next.id))


class TopChannelsQuery(_TopQuery):
    """Query string of `…/top/channels`."""

    metric: ChannelMetric = Field(
        "messages", description=texts.PARAMETERS["ranking_metric"], examples=["active_members"]
    )


class TopMembersQuery(_TopQuery):
    """Query string of `…/top/members`."""

    metric: MemberMetric = Field("messages", description=texts.PARAMETERS["ranking_metric"], examples=["voice_minutes"])


class HeatmapQuery(ChannelWindowQuery):
    """Query string of `…/heatmap`."""

    metric: HourMetric = Field("messages", description=texts.PARAMETERS["heatmap_metric"], examples=["joins"])


def _format_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()
