"""Each process runs without the others: the API without the bot, bot and pages without the API."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from herwa_bot.texts.premium import format_current_tier
from herwa_sim.client.client import SimClient
from herwa_sim.client.store import buy, list_skus, refund
from tests.support.running_copy import RunningCopy, open_running_copy

PROCESSES = ("api", "web", "worker", "bot")


@pytest.fixture(scope="module")
def copy() -> Iterator[RunningCopy]:
    with open_running_copy() as running_copy:
        running_copy.start_all()
        yield running_copy


@pytest.fixture(scope="module")
def sim(copy: RunningCopy) -> Iterator[SimClient]:
    with closing(copy.open_sim_client()) as client:
        yield client


@pytest.fixture(scope="module")
def guild_id(copy: RunningCopy, sim: SimClient) -> int:
    created_id = sim.create_guild("Left alone")
    copy.wait_until(lambda: copy.run_command("keys", "list", "--guild", str(created_id)).returncode == 0, "the server")
    return created_id


@contextmanager
def kill(copy: RunningCopy, name: str) -> Iterator[None]:
    """Kill a process, whose supervisor restarts it only after the block."""
    pid = copy.suspend(name)
    os.kill(pid, signal.SIGKILL)
    try:
        yield
    finally:
        copy.resume_supervisor()
    copy.wait_until(lambda: copy.get_status()["healthy"] and copy.is_api_ready(), f"{name} to be restarted")


@pytest.mark.slow
def test_bot_and_pages_run_without_the_api(copy, sim, guild_id):
    channel, user = sim.create_channel(guild_id, "general"), sim.join(guild_id, "Mia")
    with kill(copy, "api"):
        assert httpx.get(f"{copy.base_url}/login").status_code == 200
        unavailable = httpx.get(f"{copy.base_url}/api/guilds/{guild_id}/stats")
        assert (unavailable.status_code, unavailable.headers["content-type"]) == (503, "application/problem+json")
        assert sim.run_command(channel, user, "help").messages


@pytest.mark.slow
def test_api_responds_without_the_bot_and_counts_what_it_missed_when_it_is_back(copy, sim, guild_id):
    channel, user = sim.create_channel(guild_id, "talk"), sim.join(guild_id, "Max")
    client = copy.create_api_client(str(guild_id))
    with kill(copy, "bot"):
        assert client.get("/stats", metric="messages")["total"] == 0
        sim.send_message(channel, user)
    copy.wait_until(lambda: client.get("/stats", metric="messages")["total"] == 1, "the missed message")


@pytest.mark.slow
@pytest.mark.parametrize("name", PROCESSES)
def test_every_process_serves_its_metrics(copy, guild_id, name):
    port = copy.folder.read_ports()[f"metrics-{name}"]
    response = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert response.status_code == 200
    assert "process_resident_memory_bytes " in response.text
    assert "herwa_event_loop_lag_seconds " in response.text
    assert str(guild_id) not in response.text


@pytest.mark.slow
def test_paths_of_clients_add_no_labels_to_the_metrics_of_the_api(copy):
    port = copy.folder.read_ports()["metrics-api"]
    for number in range(20):
        httpx.get(f"{copy.base_url}/api/no/such/{number}")
        httpx.get(f"{copy.base_url}/api/guilds/{number}/stats")
    lines = httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
    requests = [line for line in lines if line.startswith("herwa_requests_total{")]
    assert any('endpoint="other"' in line for line in requests)
    assert any('endpoint="GET /api/guilds/{guild_id}/stats",status="4xx"' in line for line in requests)
    assert len(requests) < 20


@pytest.mark.slow
def test_purchase_and_refund_survive_a_killed_bot_and_a_failing_discord(copy, sim, guild_id):
    channel, user = sim.create_channel(guild_id, "shop"), sim.join(guild_id, "Moa")
    [sku_id] = list_skus(sim)
    sell = ("admin", "tier", "premium", "--reason", "Prices of 2027", "--sku")
    copy.check_output(*sell, str(sku_id))

    def is_on(tier: str) -> bool:
        [reply] = sim.run_command(channel, user, "premium").messages
        return reply.content.startswith(format_current_tier(tier))

    def list_failing_jobs() -> set[str]:
        health = json.loads(copy.run_command("admin", "health", "--json").stdout)
        return {problem["subject"] for problem in health["problems"] if problem["kind"] == "job"}

    with kill(copy, "bot"):
        entitlement_id = buy(sim, guild_id, sku_id)
    copy.wait_until(lambda: is_on("Premium"), "the purchase whose event was lost")
    sim.enable_faults(fail={"share": 1, "route": "/entitlements"})
    refund(sim, entitlement_id)
    copy.wait_until(lambda: "check_entitlements" in list_failing_jobs(), "the failures of the check")
    assert is_on("Premium"), "an error revokes nothing"
    sim.disable_faults()
    copy.wait_until(lambda: is_on("Free"), "the refund")
    copy.check_output(*sell, "none")
