"""The columns and rows of the lists of channels and members: the value of each, and what its change compares.

A statement of `window_pair` selects the columns, either that of the lists alone or that of the numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from herwa_shared.analytics.metric_definitions import (
    CHANNEL_METRICS,
    MEMBER_METRICS,
    Aggregation,
    Metric,
    get_definition,
    require_supported,
)
from herwa_shared.analytics.table_selection import Rows

# The columns of a list: the value in the window, in its elapsed part, and in the part of the comparison window.
CHANNEL_COLUMNS_BY_AGGREGATION: Mapping[Aggregation, str] = MappingProxyType(
    {
        Aggregation.COUNT: """
    sumIf(events, is_current AND is_counted) AS channel_value,
    sumIf(events, is_current AND is_elapsed),
    sumIf(events, NOT is_current AND is_elapsed),""",
        Aggregation.DURATION: """
    sumIf(total, is_current AND is_counted) AS channel_value,
    sumIf(total, is_current AND is_elapsed),
    sumIf(total, NOT is_current AND is_elapsed),""",
        Aggregation.DISTINCT_MEMBERS: """
    uniqExactIf(person_id, person_id != 0 AND is_current AND is_counted) AS channel_value,
    uniqExactIf(person_id, person_id != 0 AND is_current AND is_elapsed),
    uniqExactIf(person_id, person_id != 0 AND NOT is_current AND is_elapsed),""",
    }
)
MEMBER_COLUMNS_BY_AGGREGATION: Mapping[Aggregation, str] = MappingProxyType(
    {
        Aggregation.COUNT: """
    sumIf(events, is_member_channel AND is_current AND is_counted) AS member_value,
    sumIf(events, is_member_channel AND is_current AND is_elapsed),
    sumIf(events, is_member_channel AND NOT is_current AND is_elapsed)""",
        Aggregation.DURATION: """
    sumIf(total, is_member_channel AND is_current AND is_counted) AS member_value,
    sumIf(total, is_member_channel AND is_current AND is_elapsed),
    sumIf(total, is_member_channel AND NOT is_current AND is_elapsed)""",
    }
)
MEMBER_CHANNEL_SQL = "({member_channel:UInt64} = 0 OR channel_id = {member_channel:UInt64})"

HIDDEN_RESERVE = 10
"""How many more members are read than shown, because some of the first may be hidden."""
RESERVE_GROWTH = 8
"""If more are hidden, so many times as many are read."""


class ListRows(NamedTuple):
    """The rows of both lists: the id, the value, its elapsed part, and the base of its change."""

    channels: Rows
    members: Rows


@dataclass(frozen=True, slots=True)
class RankedMetrics:
    """The metrics by which channels and members are ranked, and how many members are listed.

    `hidden_reserve` is how many more are read. All channels are listed. Raises BadRequest if a metric has no channels
    or cannot be attributed to single members.
    """

    channel: Metric
    member: Metric
    max_members: int
    hidden_reserve: int = HIDDEN_RESERVE

    def __post_init__(self) -> None:
        require_supported(self.channel, CHANNEL_METRICS, usage="for channels")
        require_supported(self.member, MEMBER_METRICS, usage="for members")
        assert get_definition(self.channel).kind == get_definition(self.member).kind

    @property
    def read_members(self) -> int:
        """How many members a statement reads."""
        return self.max_members + self.hidden_reserve

    @property
    def kind(self) -> str:
        """The event kind of both metrics."""
        return get_definition(self.channel).kind

    def build_columns(self, *, member_channel: bool) -> str:
        """Build the columns of both lists. With `member_channel` only one channel counts for members."""
        columns = (
            CHANNEL_COLUMNS_BY_AGGREGATION[get_definition(self.channel).aggregation]
            + MEMBER_COLUMNS_BY_AGGREGATION[get_definition(self.member).aggregation]
        )
        if member_channel:
            return columns.replace("is_member_channel", MEMBER_CHANNEL_SQL)
        return columns.replace("is_member_channel AND ", "")


def split_list_rows(rows: Rows, *, first_column: int = 0) -> ListRows:
    """Split rows into those of channels and of members.

    Their columns are a channel id, a user id, one of which is 0, three of channels, and three of members.
    """
    channel, user, values, member_values = first_column, first_column + 1, first_column + 2, first_column + 5
    return ListRows(
        [(row[channel], *row[values:member_values]) for row in rows if row[channel] != 0],
        [(row[user], *row[member_values : member_values + 3]) for row in rows if row[channel] == 0],
    )
