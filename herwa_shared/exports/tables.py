"""What an export can hold: data sets, formats, and the tables of its file with their columns.

A data set has one table of precise events, and one of hours for the time before them. Ids are texts in every format,
because many programs round such large numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from herwa_shared.pipeline.events import EventKind

SCHEMA_VERSION = 1


class DataSet(StrEnum):
    """A part of the history that can be chosen."""

    MESSAGES = "messages"
    VOICE = "voice"
    MEMBERS = "members"
    SERVER = "server"
    COMMANDS = "commands"
    SUMMARIES = "summaries"


class ExportFormat(StrEnum):
    """The format of the tables."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    XLSX = "xlsx"


class TableSource(StrEnum):
    """The table of ClickHouse that a table of an export is read from, or a list in PostgreSQL."""

    EVENTS = "activity_events"
    HOURS = "activity_hourly"
    COMMAND_HOURS = "command_hourly"
    SAMPLE_HOURS = "sample_hourly"
    CHANNELS = "channel"
    MEMBERS = "member"


NAME_LISTS = frozenset((TableSource.CHANNELS, TableSource.MEMBERS))
"""Lists of names. ClickHouse does not write them, so they are never Parquet."""


class ExportColumnType(StrEnum):
    """The type of a column, as `schema.json` names it."""

    TIME = "time"
    ID = "id"
    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column: its expression, and the meaning that `schema.json` states.

    `is_member`: it identifies a member, so that it is only part of exports with members. `is_total`: it counts members
    and is only part of exports without them.
    """

    name: str
    sql: str
    type: ExportColumnType
    meaning: str
    is_member: bool = False
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table of an export. `sort_sql` sorts rows completely: two rows that it does not tell apart are equal."""

    key: str
    data_set: DataSet | None
    source: TableSource
    kinds: tuple[EventKind, ...]
    columns: tuple[ExportColumn, ...]
    sort_sql: tuple[str, ...] = ()

    def list_columns(self, *, with_members: bool) -> tuple[ExportColumn, ...]:
        """List the columns of an export with or without members."""
        return tuple(
            column
            for column in self.columns
            if not (column.is_member and not with_members) and not (column.is_total and with_members)
        )


MEMBER_SQL = "row.user_id"
"""The member of a row; `part_queries` replaces it where members are hidden."""


def _build_id_sql(expression: str) -> str:
    return f"if({expression} = 0, NULL, toString({expression}))"


_AT = ExportColumn("at", "row.at", ExportColumnType.TIME, "Time of the event, UTC")
_HOUR = ExportColumn("hour", "row.hour", ExportColumnType.TIME, "Start of the hour, UTC")
_KIND = ExportColumn("kind", "toString(row.kind)", ExportColumnType.TEXT, "What happened")
_CHANNEL = ExportColumn(
    "channel_id", _build_id_sql("row.channel_id"), ExportColumnType.ID, "Channel; a thread counts for its channel"
)
_THREAD = ExportColumn("thread_id", _build_id_sql("row.thread_id"), ExportColumnType.ID, "Thread, if it was in one")
_MEMBER = ExportColumn(
    "user_id",
    _build_id_sql(MEMBER_SQL),
    ExportColumnType.ID,
    "Member; empty if none is stored. Ids from 4611686018427387904 on are pseudonyms, and all texts that begin with m_",
    is_member=True,
)
_EVENT_COUNT = ExportColumn("events", "sum(row.events)", ExportColumnType.NUMBER, "Number of events")
_MEMBER_COUNT = ExportColumn(
    "members",
    "uniqExactIf(row.user_id, row.user_id != 0)",
    ExportColumnType.NUMBER,
    "Number of different members",
    is_total=True,
)


def _build_value(name: str, meaning: str) -> ExportColumn:
    return ExportColumn(name, "row.value", ExportColumnType.NUMBER, meaning)


def _build_sum(name: str, meaning: str) -> ExportColumn:
    return ExportColumn(name, "sum(row.total)", ExportColumnType.NUMBER, meaning)


_SAMPLE_KINDS = (EventKind.MEMBER_COUNT, EventKind.ONLINE_COUNT)
_COMMAND_KINDS = (EventKind.COMMAND, EventKind.COMMAND_DENIED)
_SERVER_KINDS = (
    EventKind.BOOST,
    EventKind.SCHEDULED_EVENT,
    EventKind.SCHEDULED_EVENT_START,
    EventKind.SCHEDULED_EVENT_END,
    EventKind.SCHEDULED_EVENT_CANCEL,
)
_KINDS: Mapping[DataSet, tuple[EventKind, ...]] = {
    DataSet.MESSAGES: (
        EventKind.MESSAGE,
        EventKind.MESSAGE_BOT,
        EventKind.MESSAGE_WEBHOOK,
        EventKind.MESSAGE_EDIT,
        EventKind.MESSAGE_DELETE,
        EventKind.REACTION,
        EventKind.THREAD,
    ),
    DataSet.VOICE: (
        EventKind.VOICE,
        EventKind.VOICE_MUTED,
        EventKind.VOICE_STREAM,
        EventKind.VOICE_VIDEO,
        EventKind.VOICE_AUDIENCE,
        EventKind.VOICE_AFK,
    ),
    DataSet.MEMBERS: (EventKind.JOIN, EventKind.LEAVE),
}
_COMMAND_COLUMNS = (
    ExportColumn("command", "toString(row.command)", ExportColumnType.TEXT, "Name of the command"),
    ExportColumn("surface", "toString(row.command_surface)", ExportColumnType.TEXT, "Command, menu, component or form"),
    ExportColumn("outcome", "toString(row.command_outcome)", ExportColumnType.TEXT, "How it ended, or what refused it"),
)
_COMMAND_SORT = ("row.command", "row.command_surface", "row.command_outcome")
_HOUR_SORT = ("row.kind", "row.hour", "row.channel_id", MEMBER_SQL)
_EVENT_SORT = ("row.kind", "row.at", "row.channel_id", "row.thread_id", MEMBER_SQL)
_FLAG_COLUMNS = (
    ExportColumn("reply", "row.reply", ExportColumnType.FLAG, "Whether it is a reply"),
    _build_value("length", "Length in characters; empty if unknown"),
    ExportColumn("attachments", "row.attachments", ExportColumnType.NUMBER, "Number of attachments; empty if unknown"),
)
_SAMPLE_COLUMNS = (
    _HOUR,
    ExportColumn("at", "max(row.newest).1", ExportColumnType.TIME, "Time of the newest sample of the hour, UTC"),
    _KIND,
    ExportColumn("value", "max(row.newest).2", ExportColumnType.NUMBER, "Number of members, or of members online"),
)


def _build_events(
    data_set: DataSet, kinds: tuple[EventKind, ...], columns: tuple[ExportColumn, ...], *sort_sql: str
) -> ExportTable:
    return ExportTable(
        f"{data_set}_events", data_set, TableSource.EVENTS, kinds, (_AT, _KIND, *columns), (*_EVENT_SORT, *sort_sql)
    )


def _build_hours(
    key: str, data_set: DataSet, kinds: tuple[EventKind, ...], columns: tuple[ExportColumn, ...]
) -> ExportTable:
    return ExportTable(key, data_set, TableSource.HOURS, kinds, (_HOUR, _KIND, *columns), _HOUR_SORT)


def _build_samples(key: str, data_set: DataSet) -> ExportTable:
    return ExportTable(
        key, data_set, TableSource.SAMPLE_HOURS, _SAMPLE_KINDS, _SAMPLE_COLUMNS, ("row.kind", "row.hour")
    )


TABLES: Mapping[str, ExportTable] = MappingProxyType(
    {
        table.key: table
        for table in (
            ExportTable(
                "channels",
                None,
                TableSource.CHANNELS,
                (),
                (
                    ExportColumn("channel_id", "", ExportColumnType.ID, "Channel, category or thread"),
                    ExportColumn("name", "", ExportColumnType.TEXT, "Its name"),
                    ExportColumn("type", "", ExportColumnType.NUMBER, "Discord's channel type"),
                    ExportColumn("parent_id", "", ExportColumnType.ID, "Its category, of a thread its channel"),
                    ExportColumn("deleted", "", ExportColumnType.FLAG, "Whether it was deleted"),
                ),
            ),
            ExportTable(
                "member_names",
                None,
                TableSource.MEMBERS,
                (),
                (
                    ExportColumn("user_id", "", ExportColumnType.ID, "Member", is_member=True),
                    ExportColumn("name", "", ExportColumnType.TEXT, "Name in the newest event", is_member=True),
                    ExportColumn("bot", "", ExportColumnType.FLAG, "Whether it is a bot", is_member=True),
                ),
            ),
            _build_events(
                DataSet.MESSAGES,
                _KINDS[DataSet.MESSAGES],
                (_CHANNEL, _THREAD, _MEMBER, *_FLAG_COLUMNS),
                "row.reply",
                "row.value",
                "row.attachments",
            ),
            _build_hours(
                "messages_hours",
                DataSet.MESSAGES,
                _KINDS[DataSet.MESSAGES],
                (_CHANNEL, _MEMBER, _EVENT_COUNT, _MEMBER_COUNT),
            ),
            _build_events(
                DataSet.VOICE,
                _KINDS[DataSet.VOICE],
                (_CHANNEL, _MEMBER, _build_value("seconds", "Seconds of voice that ended at this time")),
                "row.value",
            ),
            _build_hours(
                "voice_hours",
                DataSet.VOICE,
                _KINDS[DataSet.VOICE],
                (_CHANNEL, _MEMBER, _build_sum("seconds", "Seconds of voice"), _MEMBER_COUNT),
            ),
            _build_events(
                DataSet.MEMBERS,
                _KINDS[DataSet.MEMBERS],
                (_MEMBER, _build_value("tenure_seconds", "Of a leave: seconds since the join; empty if unknown")),
                "row.value",
            ),
            _build_hours("members_hours", DataSet.MEMBERS, _KINDS[DataSet.MEMBERS], (_MEMBER, _EVENT_COUNT)),
            _build_events(
                DataSet.SERVER,
                (*_SERVER_KINDS, *_SAMPLE_KINDS),
                (_MEMBER, _build_value("value", "Of a sample: number of members, or of members online")),
                "row.value",
            ),
            _build_hours("server_hours", DataSet.SERVER, _SERVER_KINDS, (_MEMBER, _EVENT_COUNT)),
            _build_samples("server_samples", DataSet.SERVER),
            _build_events(
                DataSet.COMMANDS,
                _COMMAND_KINDS,
                (*_COMMAND_COLUMNS, _CHANNEL, _MEMBER, _build_value("milliseconds", "Time until it was finished")),
                "row.value",
                *_COMMAND_SORT,
            ),
            ExportTable(
                "commands_hours",
                DataSet.COMMANDS,
                TableSource.COMMAND_HOURS,
                _COMMAND_KINDS,
                (
                    _HOUR,
                    _KIND,
                    *_COMMAND_COLUMNS,
                    _CHANNEL,
                    _EVENT_COUNT,
                    ExportColumn(
                        "milliseconds", "sum(row.total_ms)", ExportColumnType.NUMBER, "Time of all, in milliseconds"
                    ),
                ),
                ("row.kind", "row.hour", *_COMMAND_SORT, "row.channel_id"),
            ),
            _build_hours(
                "summaries_hours",
                DataSet.SUMMARIES,
                tuple(kind for kind in EventKind if kind not in _SAMPLE_KINDS),
                (
                    _CHANNEL,
                    _EVENT_COUNT,
                    _build_sum("total", "Sum of the numbers of the events: seconds of voice, characters of messages"),
                    ExportColumn(_MEMBER_COUNT.name, _MEMBER_COUNT.sql, _MEMBER_COUNT.type, _MEMBER_COUNT.meaning),
                ),
            ),
            _build_samples("summaries_samples", DataSet.SUMMARIES),
        )
    }
)
"""All tables by key."""
