"""Metrics of a process, from the detail of its heartbeat. No label names a guild or a user."""

from collections import Counter
from collections.abc import Iterator

import psutil

from herwa_shared.runtime.metrics_format import (
    MetricFamily,
    MetricKind,
    MetricSample,
    build_counter,
    build_gauge,
)
from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.services.process_details import BotDetail, PolicyCacheStatus, ProcessDetail, WorkerDetail

SHARD_STATES = ("connected", "connecting")
_process = psutil.Process()


def build_process_metrics(detail: ProcessDetail) -> Iterator[MetricFamily]:
    """Build the metrics of this process."""
    yield from _build_health_metrics(detail.health)
    if isinstance(detail, WorkerDetail):
        yield build_counter("herwa_moved_events_total", "Events moved to ClickHouse.", detail.moved)
        yield build_gauge("herwa_move_failures", "Failed attempts since the last success.", detail.failures)
        return
    yield from _build_policy_metrics(detail.policies)
    if isinstance(detail, BotDetail):
        yield from _build_bot_metrics(detail)


def _build_health_metrics(health: ProcessHealth) -> Iterator[MetricFamily]:
    times = _process.cpu_times()
    yield build_counter("process_cpu_seconds_total", "CPU time, user and system.", times.user + times.system)
    yield build_gauge("process_resident_memory_bytes", "Resident memory.", health.rss_bytes)
    yield build_gauge("process_start_time_seconds", "Start of the process in Unix time.", _process.create_time())
    yield build_gauge("process_open_fds", "Open files and sockets.", _process.num_fds())
    yield build_gauge(
        "herwa_event_loop_lag_seconds", "Latest callback of the last ten seconds.", health.loop_lag_ms / 1000
    )
    if health.connections is not None:
        yield build_gauge("herwa_connections", "Open connections of clients.", health.connections)


def _build_policy_metrics(status: PolicyCacheStatus) -> Iterator[MetricFamily]:
    yield build_gauge("herwa_cached_policies", "Servers whose policy is in memory.", status.servers)
    if status.sweep_age_seconds is not None:
        yield build_gauge(
            "herwa_policy_sweep_age_seconds", "Time since the last check for changes.", status.sweep_age_seconds
        )


def _build_bot_metrics(detail: BotDetail) -> Iterator[MetricFamily]:
    states = Counter(state if state in SHARD_STATES else "other" for state in detail.shards.values())
    yield MetricFamily(
        "herwa_shards",
        MetricKind.GAUGE,
        "Shards by state.",
        tuple(MetricSample(states[state], {"state": state}) for state in (*SHARD_STATES, "other")),
    )
    yield build_gauge("herwa_servers", "Servers that the bot is in.", detail.guilds)
    yield build_gauge("herwa_held_events", "Events that wait in memory.", detail.held)
    yield build_counter("herwa_stored_events_total", "Events stored in the buffer.", detail.stored)
    yield build_counter("herwa_duplicate_events_total", "Events that were dropped as duplicates.", detail.duplicates)
    yield build_counter("herwa_skipped_events_total", "Events that could not be parsed.", detail.skipped)
    yield build_gauge(
        "herwa_catch_up_channels", "Channels whose missed messages are still fetched.", detail.catch_up.pending_channels
    )
