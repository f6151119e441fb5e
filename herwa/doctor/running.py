"""What runs here, and the databases of the settings."""

from collections.abc import Awaitable, Callable

import asyncpg
from sqlalchemy import make_url

from herwa.doctor.finding import Finding, good, wrong
from herwa.failure import sentence
from herwa.status import read_status
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.config import Settings

SECONDS = 5.0


async def running_findings(settings: Settings) -> list[Finding]:
    """The databases that a URL names, and what `herwa status` knows of the processes."""
    stores = settings.stores
    findings = []
    if stores.database_url:
        findings.append(
            await _answers("PostgreSQL", "DATABASE_URL", stores.database_url.get_secret_value(), _postgresql)
        )
    if stores.clickhouse_url:
        url = stores.clickhouse_url.get_secret_value()
        findings.append(await _answers("ClickHouse", "CLICKHOUSE_URL", url, _clickhouse))
    return [*findings, *await _processes(settings)]


async def _processes(settings: Settings) -> list[Finding]:
    status = await read_status(settings)
    if not any(process["running"] for process in status.processes):
        return [good("Processes", "none runs: `herwa up` starts them")]
    if not status.problems:
        return [good("Processes", "all well")]
    return [wrong("Processes", problem, "`herwa status` shows more") for problem in status.problems]


async def _answers(subject: str, setting: str, url: str, ask: Callable[[str], Awaitable[str]]) -> Finding:
    try:
        return good(subject, await ask(url))
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer to "what is wrong" is to say so
        return wrong(subject, sentence(error) or type(error).__name__, f"see to {setting}, or leave it out")


async def _postgresql(url: str) -> str:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain, timeout=SECONDS)
    try:
        return f"version {await connection.fetchval('SHOW server_version')}"
    finally:
        await connection.close()


async def _clickhouse(url: str) -> str:
    async with open_clickhouse(url) as client:
        return f"version {client.server_version}"
