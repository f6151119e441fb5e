"""Readiness: any number of checks within a second ask the databases once."""

import asyncio

from tests.support.statement_log import report_transactions


async def test_hundred_checks_at_once_cost_one(app, stores, client, monkeypatch):
    pings = []
    ping = stores.clickhouse.ping

    async def count_ping() -> bool:
        pings.append(1)
        return await ping()

    readiness = app.state.app_state.readiness
    monkeypatch.setattr(readiness, "_started_at", 0.0)
    monkeypatch.setattr(stores.clickhouse, "ping", count_ping)
    transactions: list[list[str]] = []
    with report_transactions(transactions.append):
        responses = await asyncio.gather(*(client.get("/readyz") for _ in range(100)))
    assert {response.status_code for response in responses} == {200}
    assert len(pings) == 1
    assert len(transactions) <= 1
