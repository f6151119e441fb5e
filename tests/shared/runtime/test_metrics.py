"""Metrics: who may read them, and that labels come from the code."""

import asyncio

import httpx
import pytest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from herwa_shared.runtime.metrics_server import serve_metrics
from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.services.process_details import BotDetail, PolicyCacheStatus, ServerDetail, WorkerDetail
from herwa_shared.services.process_metrics import build_process_metrics
from tests.support.raw_connection import open_connection

HEALTH = ProcessHealth(loop_lag_ms=12, rss_bytes=1_000, connections=3)


def collect_values(detail) -> dict[str, float]:
    return {
        f"{sample.name}{','.join(sample.labels.values())}": sample.value
        for family in build_process_metrics(detail)
        for sample in family.samples
    }


def test_worker_reports_moved_events():
    values = collect_values(WorkerDetail(HEALTH, moved=7, failures=1))
    assert (values["herwa_moved_events_total"], values["herwa_move_failures"]) == (7, 1)
    assert values["herwa_event_loop_lag_seconds"] == 0.012


def test_server_reports_connections_and_policies():
    values = collect_values(ServerDetail(HEALTH, 1, PolicyCacheStatus(5, None)))
    assert (values["herwa_connections"], values["herwa_cached_policies"]) == (3, 5)
    assert "herwa_policy_sweep_age_seconds" not in values


def test_bot_reports_shards_by_state_and_no_other_state_adds_a_label():
    detail = BotDetail(
        HEALTH,
        PolicyCacheStatus(5, 0.5),
        gateway="connecting",
        shard_count=3,
        guilds=9,
        held=1,
        stored=2,
        duplicates=3,
        skipped=4,
        user=None,
        shards={"0": "connected", "1": "connected", "2": "what a client sends"},
    )
    values = collect_values(detail)
    assert {name: value for name, value in values.items() if name.startswith("herwa_shards")} == {
        "herwa_shardsconnected": 2,
        "herwa_shardsconnecting": 0,
        "herwa_shardsother": 1,
    }
    assert values["herwa_stored_events_total"] == 2


async def request(port: int, path: str, *, host: str | None = None, method: str = "GET") -> httpx.Response:
    headers = {} if host is None else {"Host": host}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        return await client.request(method, path, headers=headers)


async def test_server_responds_to_this_machine_and_refuses_other_hosts(folder):
    async with serve_metrics(folder, "test", lambda: [GaugeMetricFamily("herwa_y", "A gauge.", 1)]) as port:
        response = await request(port, "/metrics")
        assert (response.status_code, response.text.splitlines()[-1]) == (200, "herwa_y 1.0")
        assert response.headers["content-type"].startswith("text/plain; version=")
        assert (await request(port, "/healthz")).status_code == 200
        assert (await request(port, "/metrics", host="localhost:" + str(port))).status_code == 200
        refused = await request(port, "/metrics", host="evil.example")
        assert (refused.status_code, refused.json()["code"]) == (400, "unknown_host")
        assert "herwa_y" not in refused.text
        assert (await request(port, "/metrics", method="POST")).status_code == 405
        assert (await request(port, "/other")).status_code == 404


async def test_every_process_reports_its_cpu_memory_and_files(folder):
    async with serve_metrics(folder, "process", list) as port:
        lines = (await request(port, "/metrics")).text.splitlines()
    values = dict(line.split() for line in lines if not line.startswith("#"))
    assert float(values["process_cpu_seconds_total"]) > 0
    assert float(values["process_resident_memory_bytes"]) > 1 << 20
    assert float(values["process_open_fds"]) > 0


async def test_counters_have_their_type_and_escaped_labels(folder):
    family = CounterMetricFamily("herwa_x_total", "What it counts.", labels=["a", "b"])
    family.add_metric(['q"\\\n', "c"], 2)
    async with serve_metrics(folder, "counters", lambda: [family]) as port:
        lines = (await request(port, "/metrics")).text.splitlines()
    assert lines[-3:] == [
        "# HELP herwa_x_total What it counts.",
        "# TYPE herwa_x_total counter",
        'herwa_x_total{a="q\\"\\\\\\n",b="c"} 2.0',
    ]


async def test_second_process_of_a_name_serves_on_another_port(folder):
    async with (
        serve_metrics(folder, "twice", list) as port,
        serve_metrics(folder, "twice", list) as other_port,
    ):
        assert port != other_port
        assert (await request(other_port, "/metrics")).status_code == 200


async def test_failed_metrics_are_an_error_and_end_nothing(folder):
    def fail():
        raise OSError

    async with serve_metrics(folder, "failing", fail) as port:
        assert (await request(port, "/metrics")).status_code == 500
        assert (await request(port, "/healthz")).status_code == 200


@pytest.mark.parametrize("data", [b"", b"nonsense\r\n\r\n", b"GET " + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n"])
async def test_malformed_requests_end_only_their_connection(folder, data):
    async with serve_metrics(folder, "malformed", list) as port:
        async with open_connection(port) as connection:
            await connection.send(data)
            if data:
                await connection.wait_until_closed()
        await asyncio.sleep(0)
        assert (await request(port, "/healthz")).status_code == 200
