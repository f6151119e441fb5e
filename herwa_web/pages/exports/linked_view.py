"""Links from a page of statistics to the form of a new export, which holds the same days, channel and data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from herwa_shared.analytics.date_ranges import get_first_day, get_last_day
from herwa_shared.analytics.metric_definitions import get_definition
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.exports.tables import TABLES, DataSet
from herwa_web.navigation import EXPORTS_ITEM

MAX_PARAM_LENGTH = 20


@dataclass(frozen=True, slots=True)
class LinkedView:
    """What a link asks the form for: days of the server's time zone (both inclusive), a channel, one kind of data.

    `channel` is empty for all channels; `data` is empty for summaries.
    """

    first_day: str
    last_day: str
    channel: str = ""
    data: str = ""

    @classmethod
    def build(cls, view: DashboardQuery) -> Self:
        """Build it from what a page shows. The channel is left out if the metric has no channels."""
        channel_id = view.to_activity_query().channel_id
        return cls(
            get_first_day(view.date_range, view.zone).isoformat(),
            get_last_day(view.date_range, view.zone).isoformat(),
            "" if channel_id is None else str(channel_id),
            _find_data_set(get_definition(view.metric).kind),
        )

    @classmethod
    def parse(cls, parameters: Mapping[str, Any]) -> Self | None:
        """Parse the parameters of a URL; None without two days. Other invalid values are ignored."""
        first_day, last_day, channel, data = (
            str(parameters.get(name) or "")[:MAX_PARAM_LENGTH] for name in ("first_day", "last_day", "channel", "data")
        )
        if not (_is_day(first_day) and _is_day(last_day)):
            return None
        return cls(first_day, last_day, channel, data if data in tuple(DataSet) else "")

    def format_url(self, guild_id: int) -> str:
        """Format the URL of the form."""
        values = {name: text for name, text in asdict(self).items() if text}
        return f"/g/{guild_id}{EXPORTS_ITEM.path}?{urlencode(values)}"


def _find_data_set(kind: str) -> str:
    """Find the data that contains events of a kind; empty if only summaries do."""
    data_sets = (table.data_set for table in TABLES.values() if kind in table.kinds)
    return next((data_set.value for data_set in data_sets if data_set not in (None, DataSet.SUMMARIES)), "")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
