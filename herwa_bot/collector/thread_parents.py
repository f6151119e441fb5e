"""Which channel counts what happens in a place: a thread's parent, else the channel itself."""

from collections.abc import Iterable

from herwa_bot.collector.parsing.messages import is_thread
from herwa_shared.services.guilds import ChannelData


class ThreadParents:
    """Every channel and thread of this process's guilds, id → parent of a thread or 0. A few dozen bytes each."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def find_parent(self, channel_id: int) -> int | None:
        """The channel that a thread counts for, 0 for a channel, None for a place that nobody described yet."""
        return self._parents.get(channel_id)

    def update(self, channels: Iterable[ChannelData]) -> None:
        """Remember what these are."""
        for channel in channels:
            self._parents[channel.id] = (channel.parent_id or 0) if is_thread(channel) else 0

    def treat_as_channel(self, channel_id: int) -> None:
        """Discord would not say what this is; it counts for itself."""
        self._parents[channel_id] = 0
