"""Metrics: the text format, who may read them, and that labels come from the code."""

import asyncio

import pytest

from herwa_shared.runtime.metrics_format import MetricFamily, MetricKind, MetricSample, build_gauge, format_metrics
from herwa_shared.runtime.metrics_server import serve_metrics
from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.services.process_details import BotDetail, PolicyCacheStatus, ServerDetail, WorkerDetail
from herwa_shared.services.process_metrics import build_process_metrics
from tests.support.raw_connection import RawResponse, build_request, open_connection

HEALTH = ProcessHealth(loop_lag_ms=12, rss_bytes=1_000, connections=3)


def test_format_has_help_type_and_escaped_labels():
    family = MetricFamily(
        "herwa_x_total", MetricKind.COUNTER, "What it counts.", (MetricSample(2, {"a": 'q"\\\n', "b": "c"}),)
    )
    assert format_metrics([family, build_gauge("herwa_y", "A gauge.", 0.5)]).decode().splitlines() == [
        "# HELP herwa_x_total What it counts.",
        "# TYPE herwa_x_total counter",
        'herwa_x_total{a="q\\"\\\\\\n",b="c"} 2',
        "# HELP herwa_y A gauge.",
        "# TYPE herwa_y gauge",
        "herwa_y 0.5",
    ]


def collect_values(detail) -> dict[str, float]:
    return {
        f"{family.name}{','.join(sample.labels.values())}": sample.value
        for family in build_process_metrics(detail)
        for sample in family.samples
    }


def test_worker_reports_moved_events():
    values = collect_values(WorkerDetail(HEALTH, moved=7, failures=1))
    assert (values["herwa_moved_events_total"], values["herwa_move_failures"]) == (7, 1)
    assert (values["process_resident_memory_bytes"], values["herwa_event_loop_lag_seconds"]) == (1_000, 0.012)
    assert values["process_cpu_seconds_total"] > 0
    assert values["process_open_fds"] > 0


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


async def request(port: int, path: str, *, host: str | None = None, method: str = "GET") -> RawResponse:
    async with open_connection(port) as connection:
        await connection.send(build_request(path, host=host or f"127.0.0.1:{port}", method=method))
        return await connection.read_response()


async def test_server_responds_to_this_machine_and_refuses_other_hosts(folder):
    async with serve_metrics(folder, "test", lambda: [build_gauge("herwa_y", "A gauge.", 1)]) as port:
        response = await request(port, "/metrics")
        assert (response.status, response.body.decode().splitlines()[-1]) == (200, "herwa_y 1")
        assert response.get_values("content-type") == ["text/plain; version=0.0.4; charset=utf-8"]
        assert (await request(port, "/healthz")).status == 200
        assert (await request(port, "/metrics", host="evil.example")).status == 421
        assert (await request(port, "/metrics", method="POST")).status == 405
        assert (await request(port, "/other")).status == 404


async def test_second_process_of_a_name_serves_on_another_port(folder):
    async with (
        serve_metrics(folder, "twice", list) as port,
        serve_metrics(folder, "twice", list) as other_port,
    ):
        assert port != other_port
        assert (await request(other_port, "/metrics")).status == 200


async def test_failed_metrics_are_an_error_and_end_nothing(folder):
    def fail():
        raise OSError

    async with serve_metrics(folder, "failing", fail) as port:
        assert (await request(port, "/metrics")).status == 500
        assert (await request(port, "/healthz")).status == 200


@pytest.mark.parametrize("data", [b"", b"nonsense\r\n\r\n", b"GET " + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n"])
async def test_malformed_requests_end_only_their_connection(folder, data):
    async with serve_metrics(folder, "malformed", list) as port:
        async with open_connection(port) as connection:
            await connection.send(data)
            if data:
                await connection.wait_until_closed()
        await asyncio.sleep(0)
        assert (await request(port, "/healthz")).status == 200
