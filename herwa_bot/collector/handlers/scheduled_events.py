"""Handlers of gateway events about scheduled events: created, started, ended, canceled.

Discord repeats the status of a scheduled event in every update, so that the last known status is kept. One that recurs
has a new start time each time.
"""

from collections.abc import Callable
from typing import Any

from herwa_bot.collector.discordpy_patch import Parser
from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.gateway_sessions import get_time_ms
from herwa_bot.collector.parsing.members import parse_scheduled_event
from herwa_bot.collector.payload_fields import InvalidPayload, Payload, parse_int32, parse_snowflake
from herwa_shared.discord.constants import ScheduledEventStatus
from herwa_shared.discord.event_times import is_possible_event_time
from herwa_shared.pipeline.events import EventKind, decode_snowflake_ms

EventData = dict[str, Any]

KIND_BY_STATUS = {
    ScheduledEventStatus.ACTIVE: EventKind.SCHEDULED_EVENT_START,
    ScheduledEventStatus.COMPLETED: EventKind.SCHEDULED_EVENT_END,
    ScheduledEventStatus.CANCELED: EventKind.SCHEDULED_EVENT_CANCEL,
}
MAX_START_LENGTH = 40


class ScheduledEventHandlers:
    """Counts changes of scheduled events. It knows the status of each event by guild and id."""

    def __init__(self, writer: EventWriter) -> None:
        self._writer = writer
        self._statuses: dict[int, dict[int, int]] = {}

    def build_parsers(self, ignore_event: Callable[[EventData], None]) -> dict[str, Parser]:
        """Build the parsers, by event name; `ignore_event` is that of events which are not counted."""
        return {
            "GUILD_SCHEDULED_EVENT_CREATE": self.on_create,
            "GUILD_SCHEDULED_EVENT_UPDATE": self.on_update,
            "GUILD_SCHEDULED_EVENT_DELETE": self.on_delete,
            "GUILD_SCHEDULED_EVENT_USER_ADD": ignore_event,
            "GUILD_SCHEDULED_EVENT_USER_REMOVE": ignore_event,
        }

    def on_guild_create(self, data: EventData) -> None:
        """Take the current status of a guild's scheduled events; what changed before is unknown."""
        events = data.get("guild_scheduled_events") or ()
        self._statuses[parse_snowflake(data, "id")] = {
            parse_snowflake(event, "id"): parse_int32(event, "status") for event in events
        }

    def on_guild_remove(self, guild_id: int) -> None:
        self._statuses.pop(guild_id, None)

    def on_create(self, data: EventData) -> None:
        statuses, event_id = self._get_statuses(data), parse_snowflake(data, "id")
        created_ms = decode_snowflake_ms(event_id)
        if not is_possible_event_time(created_ms, now_ms=get_time_ms()):
            raise InvalidPayload("id")
        statuses.setdefault(event_id, parse_int32(data, "status"))  # a later update may have come first
        self._count(data, EventKind.SCHEDULED_EVENT, at_ms=created_ms)

    def on_update(self, data: EventData) -> None:
        statuses, event_id, status = self._get_statuses(data), parse_snowflake(data, "id"), parse_int32(data, "status")
        if statuses.get(event_id) != status and status in KIND_BY_STATUS:
            self._count(data, KIND_BY_STATUS[ScheduledEventStatus(status)], at_ms=get_time_ms())
        statuses[event_id] = status

    def on_delete(self, data: EventData) -> None:
        """Handle the deletion of a scheduled event, which cancels it unless it is over."""
        status = self._get_statuses(data).pop(parse_snowflake(data, "id"), parse_int32(data, "status"))
        if status in (ScheduledEventStatus.SCHEDULED, ScheduledEventStatus.ACTIVE):
            self._count(data, EventKind.SCHEDULED_EVENT_CANCEL, at_ms=get_time_ms())

    def _get_statuses(self, data: EventData) -> dict[int, int]:
        return self._statuses.setdefault(parse_snowflake(data, "guild_id"), {})

    def _count(self, data: Payload, kind: EventKind, *, at_ms: int) -> None:
        start = data.get("scheduled_start_time")
        if not isinstance(start, str) or len(start) > MAX_START_LENGTH:
            raise InvalidPayload("scheduled_start_time")
        occurrence = "" if kind is EventKind.SCHEDULED_EVENT else start
        event = parse_scheduled_event(data, kind=kind, at_ms=at_ms)
        self._writer.add_once(f"{kind} {data['id']} {occurrence}", event)
