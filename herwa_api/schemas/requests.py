"""Query string models of the statistics routes, and their conversion to `ActivityQuery`."""

import re
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from herwa_shared.analytics.metric_definitions import Metric, describe_metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timezones import parse_zone
from herwa_shared.db import Database
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.services.guilds import get_timezone

ChannelMetric = Literal["messages", "active_members", "voice_minutes", "voice_members", "reactions", "threads"]
MemberMetric = Literal["messages", "voice_minutes", "reactions", "threads"]
HourMetric = Literal[
    "messages", "active_members", "voice_minutes", "voice_members", "joins", "leaves", "reactions", "threads"
]
METRIC_DESCRIPTION = "What to count.\n\n" + "\n".join(f"- `{metric}`: {describe_metric(metric)}" for metric in Metric)
SNOWFLAKE_PATTERN = "^[0-9]{1,19}$"


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
        description="Begin of the window: an ISO date (its midnight in `timezone`) or time, taken to the second. "
        "Default: 30 days before `to`",
        examples=["2025-03-01"],
    )
    to: str | None = Field(
        None, description="End of the window, exclusive. Default: the end of today", examples=["2025-04-01"]
    )
    timezone: str | None = Field(
        None,
        description="IANA name. Default: the server's time zone, else UTC",
        examples=["Asia/Tokyo"],
    )

    async def to_activity_query(self, database: Database, guild_id: int) -> ActivityQuery:
        """Convert the window to a query, in `timezone` or else in the guild's time zone.

        Raises BadRequest for an unknown zone or an invalid window.
        """
        if self.timezone is not None:
            zone = parse_zone(self.timezone)
        else:
            async with database.transaction() as session:
                zone = await get_timezone(session, guild_id=guild_id)
        return ActivityQuery.parse(self.from_, self.to, guild_id=guild_id, zone=zone)


class ChannelWindowQuery(WindowQuery):
    """A window with an optional channel filter."""

    channel_id: str | None = Field(
        None,
        description="Count in this channel only; `joins`, `leaves` and `members` have none",
        examples=["381870129706958858"],
        json_schema_extra={"pattern": SNOWFLAKE_PATTERN},
    )

    @field_validator("channel_id")
    @classmethod
    def _is_snowflake(cls, text: str) -> str:
        if re.fullmatch(SNOWFLAKE_PATTERN, text) is None or int(text) > MAX_SNOWFLAKE:
            raise ValueError("the id of a channel, a number of up to 19 digits")
        return text

    @property
    def channel(self) -> int | None:
        """The channel's id as an integer, or None."""
        return int(self.channel_id) if self.channel_id else None


class StatsQuery(ChannelWindowQuery):
    """Query string of `…/stats`."""

    metric: Metric = Field(Metric.MESSAGES, description=METRIC_DESCRIPTION, examples=["voice_minutes"])
    interval: Interval = Field(Interval.DAY, description="Width of one point; weeks begin on Monday")
    compare: StatsComparison | None = Field(None, description="Add the window before, or the same dates of last year")


class TopChannelsQuery(WindowQuery):
    """Query string of `…/top/channels`."""

    metric: ChannelMetric = Field("messages", description="By what to rank", examples=["active_members"])
    limit: int = Field(10, ge=1, le=100, description="How many at most")


class TopMembersQuery(WindowQuery):
    """Query string of `…/top/members`."""

    metric: MemberMetric = Field("messages", description="By what to rank", examples=["voice_minutes"])
    limit: int = Field(10, ge=1, le=100, description="How many at most")


class HeatmapQuery(ChannelWindowQuery):
    """Query string of `…/heatmap`."""

    metric: HourMetric = Field(
        "messages", description="What to count; people count once an hour of the week", examples=["joins"]
    )
