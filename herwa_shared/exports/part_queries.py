"""The statements of an export: rows of a part in a fixed order, and how many rows a plan expects.

The order of rows is complete, so that a part that is written again has the same bytes.
"""

from collections.abc import Collection
from typing import Any

from herwa_shared.exports.tables import MEMBER_SQL, TABLES, ExportFormat, ExportTable, TableSource
from herwa_shared.models import ExportJob, ExportPart
from herwa_shared.services.key_pseudonyms import build_key_pseudonym_sql

TIME_COLUMNS = {
    TableSource.EVENTS: "at",
    TableSource.HOURS: "hour",
    TableSource.COMMAND_HOURS: "hour",
    TableSource.SAMPLE_HOURS: "hour",
}
MAX_IDS_PER_PARAMETER = 4_000
"""ClickHouse accepts at most 128 KiB as one query parameter."""
ENGINE_FORMATS = {
    ExportFormat.CSV: "CSVWithNames",
    ExportFormat.JSON_LINES: "JSONEachRow",
    ExportFormat.PARQUET: "Parquet",
    ExportFormat.XLSX: "JSONCompactEachRow",
}
COUNT_SQL = """
SELECT toUnixTimestamp(toDateTime(toStartOfMonth(row.{time}), 'UTC')) AS month, count()
FROM {source} AS row WHERE {condition} GROUP BY month
"""
# One thread writes a file in one order. Statements with ids of members are not logged by a server that logs queries.
STREAM_SETTINGS: dict[str, Any] = {
    "log_queries": 0,
    "max_block_size": 65_409,
    "optimize_read_in_order": 1,
    "optimize_aggregation_in_order": 1,
    "date_time_output_format": "iso",
    "format_csv_null_representation": "",
    "output_format_json_quote_64bit_integers": 0,
    "output_format_parquet_parallel_encoding": 0,
    "output_format_parquet_compression_method": "zstd",
    "output_format_parquet_row_group_size": 200_000,
    "output_format_parquet_string_as_string": 1,
}


def build_part_query(
    job: ExportJob, part: ExportPart, hidden_ids: Collection[int], *, pseudonym_secret: bytes | None = None
) -> tuple[str, dict[str, Any]]:
    """Build the SELECT of a part and its parameters. Members in `hidden_ids` are left out of it.

    With `pseudonym_secret` members have the pseudonyms that the API gives the key with this secret, and rows are sorted
    by them: the order of ids would tell who is older.
    """
    table = TABLES[part.table]
    member_sql, parameters = _hide_members(hidden_ids)
    sort_member_sql = member_sql
    if pseudonym_secret is not None:
        sort_member_sql = f"if({member_sql} = 0, '', {build_key_pseudonym_sql(member_sql, pseudonym_secret)})"
    columns = table.list_columns(with_members=job.with_members)
    selected = ", ".join(
        f"nullIf({sort_member_sql}, '') AS {column.name}"
        if column.is_member and pseudonym_secret is not None
        else f"{_use_member(column.sql, member_sql)} AS {column.name}"
        for column in columns
    )
    sort_columns = [
        sort_member_sql if sql == MEMBER_SQL else sql
        for sql in table.sort_sql
        if sql != MEMBER_SQL or _has_member(table, job)
    ]
    if table.source is not TableSource.HOURS or any(column.name == "channel_id" for column in columns):
        keys = sort_columns
    else:
        keys = [sql for sql in sort_columns if sql != "row.channel_id"]
    sql = f"SELECT {selected} FROM {table.source} AS row WHERE {build_condition(table.source)}"  # noqa: S608 - constants
    if table.source is not TableSource.EVENTS:
        having = "" if table.source is TableSource.SAMPLE_HOURS else _build_having(table)
        sql += f" GROUP BY {', '.join(keys)}{having}"
    parameters |= build_parameters(job, table, part.from_at.timestamp(), part.to_at.timestamp())
    return f"{sql} ORDER BY {', '.join(keys)}", parameters


def build_count_query(job: ExportJob, table: ExportTable, start: float, end: float) -> tuple[str, dict[str, Any]]:
    """Build the query of a table's rows by month (Unix seconds). Rows of hours count before they are merged."""
    source = table.source
    sql = COUNT_SQL.format(time=TIME_COLUMNS[source], source=source, condition=build_condition(source))
    return sql, build_parameters(job, table, start, end)


def build_condition(source: TableSource) -> str:
    """Build the condition for the rows of one guild, time and channel."""
    time = TIME_COLUMNS[source]
    channel = (
        "" if source is TableSource.SAMPLE_HOURS else "AND ({channel:UInt64} = 0 OR row.channel_id = {channel:UInt64})"
    )
    return (
        "row.guild_id = {guild:UInt64} AND row.kind IN {kinds:Array(String)}"
        f" AND row.{time} >= toDateTime({{start:UInt32}}, 'UTC') AND row.{time} < toDateTime({{end:UInt32}}, 'UTC')"
        f" {channel}"
    )


def build_parameters(job: ExportJob, table: ExportTable, start: float, end: float) -> dict[str, Any]:
    """Build the parameters of `build_condition`."""
    kinds = [kind.value for kind in table.kinds]
    parameters: dict[str, Any] = {"guild": job.guild_id, "kinds": kinds, "start": int(start), "end": int(end)}
    return parameters if table.source is TableSource.SAMPLE_HOURS else parameters | {"channel": job.channel_id}


def _has_member(table: ExportTable, job: ExportJob) -> bool:
    return any(column.is_member for column in table.list_columns(with_members=job.with_members))


def _build_having(table: ExportTable) -> str:
    """Leave out hours whose rows cancel each other, while a member is being replaced."""
    total = "row.total_ms" if table.source is TableSource.COMMAND_HOURS else "row.total"
    return f" HAVING sum(row.events) != 0 OR sum({total}) != 0"


def _hide_members(hidden_ids: Collection[int]) -> tuple[str, dict[str, Any]]:
    """Return the expression of a row's member, and its parameters."""
    ids = sorted(hidden_ids)
    batches = [ids[start : start + MAX_IDS_PER_PARAMETER] for start in range(0, len(ids), MAX_IDS_PER_PARAMETER)]
    if not batches:
        return MEMBER_SQL, {}
    conditions = " OR ".join(f"row.user_id IN {{hidden{number}:Array(UInt64)}}" for number in range(len(batches)))
    return f"if({conditions}, 0, row.user_id)", {f"hidden{number}": batch for number, batch in enumerate(batches)}


def _use_member(sql: str, member_sql: str) -> str:
    """Replace the member in an expression. Counts of different members keep hidden ones: they are no one's data."""
    return sql if sql.startswith("uniqExact") else sql.replace(MEMBER_SQL, member_sql)
