"""Texts about exports: errors, and the README in the file."""

from collections.abc import Sequence
from datetime import datetime

from herwa_shared.exports.tables import SCHEMA_VERSION, TABLES, ExportFormat
from herwa_shared.models import ExportJob, ExportPart

NO_DATA_SETS = "Choose at least one kind of data."
END_BEFORE_START = "The export must end after it begins."
TOO_MANY_EXPORTS = "This server already has 20 exports in progress. Wait for one to finish, or cancel one."
TOO_MANY_ROWS = "This would be {rows:,} rows; the server's tier includes {limit:,}. Choose a shorter time or less data."
SHEET_TOO_SMALL = "A month has more rows than an Excel sheet can hold. Choose CSV, JSON lines or Parquet."
NOT_RUNNING = "This export isn't in progress."
NOT_PAUSED = "This export isn't paused."
ALREADY_PAUSED = "This export is already paused."
NO_FILE = "This export has no file. It isn't finished, or its file was deleted."
NO_EXPORT = "There is no such export."

FORMAT_NOTES = {
    ExportFormat.CSV: "CSV: UTF-8, a header line, RFC 4180. An empty field is unknown or none.",
    ExportFormat.JSON_LINES: "JSON lines: one object a line, in UTF-8.",
    ExportFormat.PARQUET: "Parquet, compressed with Zstandard. The lists of names are in JSON lines.",
    ExportFormat.XLSX: "Excel workbooks, one sheet each. Ids are text.",
}
README = """Export of the Discord server {guild_id} by Herwa
{title_line}

Created {created_at}. It contains what was recorded from {from_at} to {to_at} (exclusive).
All times are UTC.

Precise and hourly
------------------
Events are precise from {border_at} on. Before that, Herwa keeps numbers by hour: the files with
"hours" and "samples" in their names end there, the files with "events" begin there. Files with
"summaries" in their names are hourly for all times.

A row of hours that is missing means that nothing was recorded. It doesn't tell whether the bot was
connected at that time; the dashboard and the API show such gaps.

Members
-------
{members}

Format
------
{format_note}
Ids are text in every format: many programs round such large numbers. schema.json (version {version})
lists the columns of each table with their meaning. SHA256SUMS has the checksum of each file:
    sha256sum --check SHA256SUMS

Files
-----
{files}
"""
WITH_MEMBERS_NOTE = """user_id is the member. It is empty where none is stored: for members who opted out or were
deleted, and for events without a member. A user_id from 4611686018427387904 on is a pseudonym: Herwa uses one
for members who left 90 days ago, and for all members in hours older than 13 months.

member_names has the name of each member in their newest event. Names are not unique.

This file contains data about members. Discord's rules apply to it: delete it when it isn't needed
any more, and when a member asks for it."""
PSEUDONYMS_NOTE = """user_id is the member's pseudonym, the same as in all responses of the API to the key that created
this export and to its successors; another key sees other ones. It is empty where no member is stored: for members who
opted out or were deleted, and for events without a member. Discord's rules apply to data about members also under
pseudonyms: delete this file when it isn't needed any more."""
WITHOUT_MEMBERS_NOTE = "This export contains no members, only how many there were."


def build_readme(job: ExportJob, parts: Sequence[ExportPart]) -> str:
    """Build the README of a file."""
    title_length = len(f"Export of the Discord server {job.guild_id} by Herwa")
    return README.format(
        guild_id=job.guild_id,
        title_line="=" * title_length,
        created_at=_format_time(job.created_at),
        from_at=_format_time(job.from_at),
        to_at=_format_time(job.to_at),
        border_at=_format_time(job.border_at),
        members=_get_members_note(job),
        format_note=FORMAT_NOTES[ExportFormat(job.format)],
        version=SCHEMA_VERSION,
        files="\n".join(f"{part.name}: {part.rows:,} rows" for part in parts if part.table in TABLES),
    )


def _get_members_note(job: ExportJob) -> str:
    if not job.with_members:
        return WITHOUT_MEMBERS_NOTE
    return PSEUDONYMS_NOTE if job.with_pseudonyms else WITH_MEMBERS_NOTE


def _format_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
