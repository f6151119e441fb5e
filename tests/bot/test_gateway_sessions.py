"""How long a gateway session counts as received when its connection dies without being closed."""

from datetime import timedelta

from discord.gateway import DiscordWebSocket
from sqlmodel import col, select

from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.periodic import build_detail, record_heartbeat
from herwa_shared.clock import utc_now
from herwa_shared.models import GatewaySession
from herwa_shared.runtime.process_health import monitor_health
from herwa_shared.services import processes
from herwa_shared.services.process_details import PolicyCacheStatus

SHARD_COUNT = (1 << 30) - 1  # no other test has this number
GUILD_ID = 7 << 22
STEP = timedelta(minutes=1)


async def test_session_that_received_nothing_more_ends_there_when_it_is_replaced(stores):
    async with stores.database.transaction() as session:
        process_id = await processes.register_process(session, name="bot")
    writer, now = EventWriter(stores.database, process_id=process_id), utc_now()
    gateway = writer.gateway_sessions

    async def record(minutes: int, *opcodes: int) -> list[timedelta]:
        """Receive gateway messages and record a heartbeat; return the ends of all sessions."""
        for opcode in opcodes:
            gateway.traffic.record(7, opcode)
        writer.stored_until = now + minutes * STEP
        async with monitor_health() as monitor:
            detail = build_detail(writer, monitor.read_health(), PolicyCacheStatus(0, None))
        await record_heartbeat(writer, stores.database, process_id=process_id, detail=detail)
        async with stores.database.transaction() as session:
            query = select(GatewaySession.seen_at).where(col(GatewaySession.shard_count) == SHARD_COUNT)
            ends = await session.scalars(query.order_by(col(GatewaySession.id)))
            return [end - now for end in ends]

    gateway.start_session(shard_id=7, shard_count=SHARD_COUNT)
    await record(1, DiscordWebSocket.DISPATCH)
    assert await record(2, DiscordWebSocket.DISPATCH) == [2 * STEP]
    assert await record(3, DiscordWebSocket.HEARTBEAT_ACK) == [3 * STEP]
    assert await record(4) == [4 * STEP], "a quiet session counts as received while it lasts"
    gateway.start_session(shard_id=7, shard_count=SHARD_COUNT)
    assert gateway.find_earlier_heard_until(GUILD_ID) == now + 3 * STEP
    assert (await record(5, DiscordWebSocket.DISPATCH))[0] == 3 * STEP
    assert gateway.lost_sessions == []
    async with stores.database.transaction() as session:
        await processes.mark_process_stopped(session, process_id=process_id)
