"""Events a second and acknowledged heartbeats of each shard."""

from discord.gateway import DiscordWebSocket

from herwa_bot.collector.shard_traffic import ShardTraffic
from herwa_shared.services.process_details import ShardDetail


def test_rate_and_age_of_each_shard():
    now = [100.0]
    traffic = ShardTraffic(lambda: now[0])
    for shard_id, count in ((0, 10), (1, 0)):
        traffic.record(shard_id, DiscordWebSocket.HEARTBEAT_ACK)
        for _ in range(count):
            traffic.record(shard_id, DiscordWebSocket.DISPATCH)
    now[0] += 4
    details = traffic.read_details([0, 1, 2])
    assert details == {"0": ShardDetail(2.5, 4.0), "1": ShardDetail(0.0, 4.0), "2": ShardDetail(0.0, None)}
    now[0] += 0.5  # within a second the rate is that of the window before
    assert traffic.read_details([0])["0"] == ShardDetail(2.5, 4.5)
    now[0] += 1.5
    assert traffic.read_details([0])["0"] == ShardDetail(0.0, 6.0)
