"""Rows per second and memory of an export by the worker, against the engine writing the same SELECT to a file.

Floor: chDB in a process of its own, on the same store and without the server around it, writes the SELECT of each part
into a file (INTO OUTFILE). The worker streams the same rows over HTTP, hashes them, and builds the ZIP file. Goals: at
least 0.5 times the rate of the floor, and for ten million rows worker and API need at most 1.1 times the memory that
they need for one million: the worker while it writes the file, the API while it sends it. All must hold.
"""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta

import httpx
import psutil

from benchmarks.environment import BenchmarkEnvironment, open_environment, run_process, wait_until
from benchmarks.report import print_progress, print_result
from herwa.commands.api_keys import issue_api_key
from herwa_shared.catalog import Scope, TierKey
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.exports.jobs import ExportCreator, ExportRequest, create_export, preview_export
from herwa_shared.exports.part_queries import ENGINE_FORMATS, STREAM_SETTINGS, build_part_query
from herwa_shared.exports.tables import NAME_LISTS, TABLES, DataSet, ExportFormat
from herwa_shared.migrate import migrate
from herwa_shared.models import ExportJob, ExportPart
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.guilds import GuildData, save_guilds
from herwa_shared.services.subscriptions import grant

SMALL_COUNT, LARGE_COUNT = 1_000_000, 10_000_000
MIN_RATE_RATIO, MAX_MEMORY_RATIO = 0.5, 1.1
DAYS = 80
BATCH_ROWS = 1_000_000
POLL_SECONDS = 0.05
Statement = tuple[str, dict[str, str]]
"""A statement of ClickHouse and its parameters."""
FILL_SQL = """
INSERT INTO activity_events (guild_id, kind, at, channel_id, thread_id, user_id, reply, value, attachments)
SELECT {guild:UInt64}, 'message', toDateTime64({start:UInt32}, 3, 'UTC') + number * {step:Float64},
    1000000000000000000 + number % 40, 0, 1000000000000000000 + cityHash64(number) % 50000, number % 7 = 0,
    number % 300, number % 3
FROM numbers({first:UInt64}, {rows:UInt64})
"""
# Each statement is written into a file; prints the seconds of all of them.
FLOOR_CODE = """
import chdb, json, sys, time
connection = chdb.connect(sys.argv[1])
connection.query("USE herwa")
seconds = 0.0
for number, (sql, parameters) in enumerate(json.load(open(sys.argv[2]))):
    started_at = time.perf_counter()
    connection.query(sql.replace("OUTPUT", f"{sys.argv[3]}/{number}"), "CSV", params=parameters)
    seconds += time.perf_counter() - started_at
print(seconds)
"""


@dataclass(frozen=True, slots=True)
class MeasuredExport:
    """An export of a guild by an API key: its seconds, the most memory of the worker, and the parts' statements."""

    guild_id: int
    job_id: int
    key: str
    seconds: float
    memory: int
    statements: list[Statement]


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        asyncio.run(migrate(env.lease.urls))
        asyncio.run(fill_guilds(env))
        env.start_sim()
        small = asyncio.run(measure_export(env, SMALL_COUNT))
        large = asyncio.run(measure_export(env, LARGE_COUNT))
        small_api_memory, large_api_memory = (asyncio.run(measure_download(env, export)) for export in (small, large))
        env.lease.release()
        floor_seconds = measure_floor(env.settings, large.statements)
    print_progress(
        f"engine {LARGE_COUNT / floor_seconds:,.0f} rows/s, export {LARGE_COUNT / large.seconds:,.0f} rows/s, worker"
        f" {small.memory / 2**20:.0f} and {large.memory / 2**20:.0f} MiB, API {small_api_memory / 2**20:.0f} and"
        f" {large_api_memory / 2**20:.0f} MiB"
    )
    memory_ratio, api_memory_ratio = large.memory / small.memory, large_api_memory / small_api_memory
    print_result(
        "export",
        value=floor_seconds / large.seconds,
        goal=MIN_RATE_RATIO,
        extra_condition=max(memory_ratio, api_memory_ratio) <= MAX_MEMORY_RATIO,
        memory_ratio=memory_ratio,
        api_memory_ratio=api_memory_ratio,
        memory_goal=MAX_MEMORY_RATIO,
    )


async def fill_guilds(env: BenchmarkEnvironment) -> None:
    """Store two guilds, whose ids are the numbers of their messages in the last 80 days."""
    database = open_database(env)
    async with database.transaction() as session:
        guilds = [GuildData(count, f"Guild {count}", 1, None, 0, utc_now()) for count in (SMALL_COUNT, LARGE_COUNT)]
        await save_guilds(session, guilds)
        for count in (SMALL_COUNT, LARGE_COUNT):
            await grant(session, guild_id=count, tier=TierKey.PREMIUM, reason="", actor=SYSTEM)
    await database.close()
    start = int((utc_now() - timedelta(days=DAYS + 1)).timestamp())
    async with open_clickhouse(env.lease.urls.clickhouse_writer) as clickhouse:
        for count in (SMALL_COUNT, LARGE_COUNT):
            parameters = {"guild": count, "start": start, "step": DAYS * 86_400 / count, "rows": BATCH_ROWS}
            for first in range(0, count, BATCH_ROWS):
                await clickhouse.command(FILL_SQL, parameters=parameters | {"first": first})
        await clickhouse.command("OPTIMIZE TABLE activity_events")
    print_progress("events inserted")


async def measure_export(env: BenchmarkEnvironment, guild_id: int) -> MeasuredExport:
    """Export a guild and measure the worker; its memory is the resident set."""
    database = open_database(env)
    scopes = (Scope.STATS, Scope.EXPORTS, Scope.MEMBERS, Scope.MEMBER_IDS)
    key = await issue_api_key(env.settings, guild_id=guild_id, name="export", scopes=scopes)
    job_id = await create_job(env, database, guild_id, key_id=key.status.id)
    peak = 0
    with run_process(env.settings, "herwa_worker") as worker:
        while (job := await load_job(database, job_id)).state in ("queued", "running"):
            peak = max(peak, worker.memory_info().rss)
            await asyncio.sleep(POLL_SECONDS)
    assert (job.state, job.done_rows >= guild_id) == ("ready", True), job
    assert job.started_at is not None
    assert job.finished_at is not None
    statements = await build_statements(database, job)
    await database.close()
    seconds = (job.finished_at - job.started_at).total_seconds()
    print_progress(f"{guild_id:,} rows: {seconds:.1f} s, {(job.file_bytes or 0) / 10**6:,.0f} MB")
    return MeasuredExport(guild_id, job_id, key.secret, seconds, peak, statements)


async def measure_download(env: BenchmarkEnvironment, export: MeasuredExport) -> int:
    """Download the file of an export from an API of its own; return the most memory of the API (resident set)."""
    url = f"http://127.0.0.1:{env.folder.get_or_create_port('api')}"
    path = f"/api/guilds/{export.guild_id}/exports/{export.job_id}"
    with run_process(env.settings, "herwa_api") as api:
        wait_until(lambda: is_ready(url), "the API to answer")
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {export.key}"}) as client:
            link = (await client.post(f"{path}/link")).raise_for_status().json()["url"]
            size, peak = 0, api.memory_info().rss
            async with client.stream("GET", link) as response:
                response.raise_for_status()
                async for block in response.aiter_raw():
                    size += len(block)
                    peak = max(peak, api.memory_info().rss)
        assert size == int(response.headers["Content-Length"])
    return peak


def is_ready(url: str) -> bool:
    """Return whether the API answers."""
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.HTTPError:
        return False


async def create_job(env: BenchmarkEnvironment, database: Database, guild_id: int, *, key_id: int) -> int:
    """Create an export of all messages as CSV, with their members."""
    now = utc_now()
    request = ExportRequest(
        (DataSet.MESSAGES,), ExportFormat.CSV, now - timedelta(days=DAYS + 2), now, with_members=True
    )
    async with open_clickhouse(env.lease.urls.clickhouse) as clickhouse:
        preview = await preview_export(clickhouse, guild_id=guild_id, request=request, now=now)
    async with database.transaction() as session:
        job = await create_export(
            session, ExportCreator(SYSTEM, key_id), guild_id=guild_id, request=request, preview=preview, max_rows=None
        )
        assert job.id is not None
        return job.id


async def load_job(database: Database, job_id: int) -> ExportJob:
    """Load an export."""
    async with database.transaction() as session:
        return await session.get_one(ExportJob, job_id)


async def build_statements(database: Database, job: ExportJob) -> list[Statement]:
    """Build the statements of the parts, each writing into the file OUTPUT."""
    async with database.transaction() as session:
        parts = [
            part
            for position in range(1, 1_000)
            if (part := await session.get(ExportPart, (job.id, position))) is not None
            and TABLES[part.table].source not in NAME_LISTS
        ]
    settings = ", ".join(f"{name} = {value!r}" for name, value in STREAM_SETTINGS.items())
    statements = []
    for part in parts:
        sql, parameters = build_part_query(job, part, ())
        ending = f"INTO OUTFILE 'OUTPUT' FORMAT {ENGINE_FORMATS[ExportFormat(job.format)]} SETTINGS {settings}"
        statements.append((f"{sql} {ending}", {name: format_parameter(value) for name, value in parameters.items()}))
    return statements


def format_parameter(value: object) -> str:
    """Format a query parameter as chDB takes it."""
    return str(value)


def measure_floor(settings: Settings, statements: list[Statement]) -> float:
    """Return the seconds of the engine alone for the same statements."""
    folder = DataFolder(settings.data_dir).path
    store = next(folder.rglob("store/store")).parent
    configuration = store.parent / "config.xml"
    target, file = folder / "floor", folder / "statements.json"
    target.mkdir()
    file.write_text(json.dumps(statements))
    deadline = time.monotonic() + 30
    while any(
        "clickhouse_server" in " ".join(process.info["cmdline"] or ())
        and str(folder) in " ".join(process.info["cmdline"])
        for process in psutil.process_iter(["cmdline"])
    ):
        assert time.monotonic() < deadline, "the engine has not stopped"
        time.sleep(0.1)
    command = [sys.executable, "-c", FLOOR_CODE, f"{store}?config-file={configuration}", str(file), str(target)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return float(result.stdout.split()[-1])


def open_database(env: BenchmarkEnvironment) -> Database:
    """Open PostgreSQL with the audit key of the copy."""
    audit_key = load_audit_key(env.settings, DataFolder(env.settings.data_dir))
    return Database(env.lease.urls.database, audit_key=audit_key)


if __name__ == "__main__":
    main()
