"""Questions of one server: at most four at the same time, others wait, and servers do not wait for each other."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from herwa_shared.query_cache.question_slots import QuestionSlots, TooManyQuestions
from herwa_shared.query_cache.shared_entries import build_entry, parse_content
from herwa_shared.redis_client import create_redis_client
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.support.row_factories import add_guild

GUILD_ID, OTHER_GUILD_ID = 1, 2
CLOSED_REDIS_URL = "redis://127.0.0.1:9/0"


def create_slots(redis=None, *, wait_seconds: float = 10.0) -> QuestionSlots:
    return QuestionSlots(redis or create_redis_client(CLOSED_REDIS_URL), waiting=16, wait_seconds=wait_seconds)


class QuestionLog:
    """Runs questions that end when the test says so, and notes how many ran at the same time."""

    def __init__(self, slots: QuestionSlots) -> None:
        self.slots = slots
        self.running = self.most_running = 0
        self.end = asyncio.Event()

    async def run(self, guild_id: int) -> None:
        async with self.slots.hold(guild_id):
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            await self.end.wait()
            self.running -= 1


async def test_four_questions_of_a_server_run_and_the_others_wait():
    log = QuestionLog(create_slots())
    tasks = [asyncio.create_task(log.run(GUILD_ID)) for _ in range(10)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert log.running == 4
    log.end.set()
    await asyncio.gather(*tasks)
    assert log.most_running == 4


async def test_a_server_does_not_wait_for_another():
    slots = create_slots()
    log = QuestionLog(slots)
    tasks = [asyncio.create_task(log.run(GUILD_ID)) for _ in range(20)]
    await asyncio.sleep(0)
    async with asyncio.timeout(1), slots.hold(OTHER_GUILD_ID):
        pass
    log.end.set()
    await asyncio.gather(*tasks)


async def test_more_questions_than_may_wait_are_refused():
    log = QuestionLog(create_slots())
    tasks = [asyncio.create_task(log.run(GUILD_ID)) for _ in range(20)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyQuestions):
        await log.run(GUILD_ID)
    log.end.set()
    await asyncio.gather(*tasks)
    await log.run(GUILD_ID)


async def test_a_question_waits_for_a_limited_time():
    log = QuestionLog(create_slots(wait_seconds=0.05))
    tasks = [asyncio.create_task(log.run(GUILD_ID)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyQuestions):
        await log.run(GUILD_ID)
    log.end.set()
    await asyncio.gather(*tasks)


async def test_refused_question_says_when_to_repeat_it(app, client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    log = QuestionLog(app.state.app_state.question_slots)
    tasks = [asyncio.create_task(log.run(guild_id)) for _ in range(20)]
    await asyncio.sleep(0)
    response = await client.get(f"/api/guilds/{guild_id}/stats", headers=headers)
    assert (response.status_code, response.json()["code"]) == (429, TooManyQuestions.code)
    assert response.headers["Retry-After"]
    assert response.json()["hint"]
    log.end.set()
    await asyncio.gather(*tasks)
    assert (await client.get(f"/api/guilds/{guild_id}/stats", headers=headers)).status_code == 200


async def test_four_questions_of_a_server_run_in_all_processes_together(stores: Stores, guild_id: int):
    processes = [create_slots(stores.redis), create_slots(stores.redis)]
    running = most_running = 0

    async def run(slots: QuestionSlots) -> None:
        nonlocal running, most_running
        async with slots.hold_shared(guild_id):
            running += 1
            most_running = max(most_running, running)
            await asyncio.sleep(0.05)
            running -= 1

    await asyncio.gather(*(run(slots) for slots in processes * 6))
    assert most_running == 4


async def test_shared_slots_are_free_again_after_a_question_and_waiting_ends(stores: Stores, guild_id: int):
    slots = create_slots(stores.redis, wait_seconds=0.1)
    async with slots.hold_shared(guild_id), slots.hold_shared(guild_id), slots.hold_shared(guild_id):
        async with slots.hold_shared(guild_id), slots.hold_shared(OTHER_GUILD_ID):
            with pytest.raises(TooManyQuestions):
                await slots.hold_shared(guild_id).__aenter__()
        async with slots.hold_shared(guild_id):
            pass


async def test_questions_run_without_redis():
    slots = create_slots()
    async with asyncio.timeout(3), slots.hold_shared(GUILD_ID), slots.hold_shared(GUILD_ID):
        pass


async def test_question_that_waits_gets_the_result_of_another_process(stores: Stores, guild_id: int):
    slots, other_slots = create_slots(stores.redis), create_slots(stores.redis)
    entry, other_entry = (build_entry(guild_id, "question", "1") for _ in range(2))
    async with AsyncExitStack() as running:
        for _ in range(3):
            await running.enter_async_context(slots.hold_shared(guild_id))
        async with slots.hold_shared(guild_id, entry) as content:
            assert content is None
            waiting = asyncio.create_task(other_slots.hold_shared(guild_id, other_entry).__aenter__())
            await asyncio.sleep(0.1)
            assert not waiting.done()
            entry.set_result(b"result", valid_until=2_000_000_000.0, now=1_999_999_000.0)
        content = await asyncio.wait_for(waiting, 5)
    assert content is not None
    assert parse_content(content, 1_999_999_000.0) == (b"result", 2_000_000_000.0)
