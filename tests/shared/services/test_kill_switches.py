"""Kill switches: off everywhere with a reason that people see, and on again."""

import pytest

from herwa_shared.catalog import FeatureKey
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.services.kill_switches import kill_switches, switch
from herwa_shared.services.policies import load_offer
from tests.shared.services.operator import OPERATOR, log, registered, version

FEATURE = FeatureKey.TICKET_STATS


async def switched(stores, feature=FEATURE, *, on, reason=""):
    async with stores.database.transaction() as session:
        return await switch(session, feature=feature, on=on, reason=reason, actor=OPERATOR)


async def off_everywhere(stores):
    async with stores.database.transaction() as session:
        return dict((await load_offer(session)).kill_switches)


@pytest.fixture(autouse=True)
async def _as_before(stores):
    await registered(stores)
    yield
    await switched(stores, on=False)


async def test_a_feature_goes_off_everywhere_with_its_reason_and_comes_back(stores):
    before, entries = await version(stores, 0), len(await log(stores, None))
    assert await switched(stores, on=True, reason="  Numbers are\nwrong.  ")
    assert (await off_everywhere(stores))[FEATURE] == "Numbers are wrong."
    assert await switched(stores, on=True, reason="Mended by noon.")
    assert (await off_everywhere(stores))[FEATURE] == "Mended by noon."
    async with stores.database.transaction() as session:
        (status,) = [one for one in await kill_switches(session) if one.feature == FEATURE]
    assert (status.title, status.reason, status.by) == ("Ticket stats", "Mended by noon.", "operator")
    assert await switched(stores, on=False, reason="It is.")
    assert FEATURE not in await off_everywhere(stores)
    assert await version(stores, 0) > before
    said = [(entry.target, entry.before, entry.after, entry.reason) for entry in (await log(stores, None))[entries:]]
    first, second = {"on": True, "reason": "Numbers are wrong."}, {"on": True, "reason": "Mended by noon."}
    assert said == [
        (FEATURE, {"on": False}, first, "Numbers are wrong."),
        (FEATURE, first, second, "Mended by noon."),
        (FEATURE, second, {"on": False}, "It is."),
    ]


async def test_what_is_so_already_is_neither_told_nor_written_down(stores):
    await switched(stores, on=True, reason="Away.")
    before, entries = await version(stores, 0), len(await log(stores, None))
    assert await switched(stores, on=True, reason="Away.") is None
    assert (await version(stores, 0), len(await log(stores, None))) == (before, entries)


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 201])
async def test_no_kill_switch_without_a_reason_that_people_can_read(stores, reason):
    with pytest.raises(BadRequest, match="Say why"):
        await switched(stores, on=True, reason=reason)
    assert FEATURE not in await off_everywhere(stores)


async def test_what_answers_always_cannot_be_switched_off(stores):
    with pytest.raises(BadRequest, match="essential"):
        await switched(stores, FeatureKey.HELP, on=True, reason="x")


async def test_an_unknown_feature_is_answered_with_the_nearest(stores):
    with pytest.raises(NotFound, match=r"ticket\.stats"):
        await switched(stores, "ticket.stat", on=True, reason="x")
