"""Questions of one server: at most four at the same time, others wait, and servers do not wait for each other."""

import asyncio
from dataclasses import replace

import pytest

from herwa_api.question_slots import QuestionSlots, TooManyQuestions
from herwa_api.rate_limits.rules import RATE_LIMITS
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.support.row_factories import add_guild

GUILD_ID, OTHER_GUILD_ID = 1, 2


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
    log = QuestionLog(QuestionSlots(RATE_LIMITS))
    tasks = [asyncio.create_task(log.run(GUILD_ID)) for _ in range(10)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert log.running == 4
    log.end.set()
    await asyncio.gather(*tasks)
    assert log.most_running == 4


async def test_a_server_does_not_wait_for_another():
    slots = QuestionSlots(RATE_LIMITS)
    log = QuestionLog(slots)
    tasks = [asyncio.create_task(log.run(GUILD_ID)) for _ in range(20)]
    await asyncio.sleep(0)
    async with asyncio.timeout(1), slots.hold(OTHER_GUILD_ID):
        pass
    log.end.set()
    await asyncio.gather(*tasks)


async def test_more_questions_than_may_wait_are_refused():
    log = QuestionLog(QuestionSlots(RATE_LIMITS))
    tasks = [asyncio.create_task(log.run(GUILD_ID)) for _ in range(20)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyQuestions):
        await log.run(GUILD_ID)
    log.end.set()
    await asyncio.gather(*tasks)
    await log.run(GUILD_ID)


async def test_a_question_waits_for_a_limited_time():
    log = QuestionLog(QuestionSlots(replace(RATE_LIMITS, question_wait_seconds=0.05)))
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
