"""Map of threads to parent channels: events in a thread count for its parent channel."""

from collections.abc import Iterable

from herwa_bot.collector.parsing.messages import is_thread
from herwa_shared.services.guilds import ChannelData


class ThreadParents:
    """Parent channels by ID, for every channel and thread of this process's guilds.

    The value is the parent's ID for a thread and 0 for a channel. An entry takes a few dozen bytes.
    """

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def find_parent(self, channel_id: int) -> int | None:
        """Find a thread's parent channel.

        Returns 0 for a channel and None for an ID that Discord has not described yet.
        """
        return self._parents.get(channel_id)

    def update(self, channels: Iterable[ChannelData]) -> None:
        """Record the parents of these channels and threads."""
        for channel in channels:
            self._parents[channel.id] = (channel.parent_id or 0) if is_thread(channel) else 0

    def treat_as_channel(self, channel_id: int) -> None:
        """Treat an ID that Discord does not describe as a channel, not as a thread."""
        self._parents[channel_id] = 0
