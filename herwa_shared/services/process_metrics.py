"""Metrics of a process, from the detail of its heartbeat. No label names a guild or a user."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from herwa_shared.runtime.process_health import ProcessHealth
from herwa_shared.services.process_details import BotDetail, PolicyCacheStatus, ProcessDetail, WorkerDetail

SHARD_STATES = ("connected", "connecting")


def build_process_metrics(detail: ProcessDetail) -> Iterator[Metric]:
    """Build the metrics of this process."""
    yield from _build_health_metrics(detail.health)
    if isinstance(detail, WorkerDetail):
        yield CounterMetricFamily("herwa_moved_events_total", "Events moved to ClickHouse.", detail.moved)
        yield GaugeMetricFamily("herwa_move_failures", "Failed attempts since the last success.", detail.failures)
        return
    yield from _build_policy_metrics(detail.policies)
    if isinstance(detail, BotDetail):
        yield from _build_bot_metrics(detail)


def _build_health_metrics(health: ProcessHealth) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "herwa_event_loop_lag_seconds", "Latest callback of the last ten seconds.", health.loop_lag_ms / 1000
    )
    if health.connections is not None:
        yield GaugeMetricFamily("herwa_connections", "Open connections of clients.", health.connections)


def _build_policy_metrics(status: PolicyCacheStatus) -> Iterator[Metric]:
    yield GaugeMetricFamily("herwa_cached_policies", "Servers whose policy is in memory.", status.servers)
    if status.sweep_age_seconds is not None:
        yield GaugeMetricFamily(
            "herwa_policy_sweep_age_seconds", "Time since the last check for changes.", status.sweep_age_seconds
        )


def _build_bot_metrics(detail: BotDetail) -> Iterator[Metric]:
    states = Counter(state if state in SHARD_STATES else "other" for state in detail.shards.values())
    shards = GaugeMetricFamily("herwa_shards", "Shards by state.", labels=["state"])
    for state in (*SHARD_STATES, "other"):
        shards.add_metric([state], states[state])
    yield shards
    yield GaugeMetricFamily("herwa_servers", "Servers that the bot is in.", detail.guilds)
    yield GaugeMetricFamily("herwa_held_events", "Events that wait in memory.", detail.held)
    yield CounterMetricFamily("herwa_stored_events_total", "Events stored in the buffer.", detail.stored)
    yield CounterMetricFamily(
        "herwa_duplicate_events_total", "Events that were dropped as duplicates.", detail.duplicates
    )
    yield CounterMetricFamily("herwa_skipped_events_total", "Events that could not be parsed.", detail.skipped)
    yield GaugeMetricFamily(
        "herwa_catch_up_channels", "Channels whose missed messages are still fetched.", detail.catch_up.pending_channels
    )
    yield GaugeMetricFamily(
        "herwa_catch_up_listings",
        "Periods of servers whose archived threads are not listed yet.",
        detail.catch_up.pending_listings,
    )
