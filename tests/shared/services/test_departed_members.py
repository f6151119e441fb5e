"""Which members have left: only those whose leave was received, and who are not back."""

from datetime import UTC, datetime, timedelta

from herwa_shared.models import Member, MembershipPeriod
from herwa_shared.services.departed_members import list_departed_members
from tests.support.row_factories import add_guild

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = timedelta(days=30)


async def list_departed(stores, guild_id: int, user_ids) -> set[int]:
    async with stores.database.acquire_reader() as connection:
        return set(await list_departed_members(connection, guild_id=guild_id, user_ids=user_ids))


async def test_members_whose_leave_was_received_have_departed(stores):
    guild_id, other_guild_id = await add_guild(stores), await add_guild(stores)
    here, gone, rejoined, unknown, back = range(1, 6)
    periods = [
        (guild_id, here, JANUARY, None),
        (guild_id, gone, JANUARY, JANUARY + MONTH),
        (guild_id, rejoined, JANUARY, JANUARY + MONTH),
        (guild_id, rejoined, JANUARY + 2 * MONTH, None),
        (guild_id, back, JANUARY, JANUARY + MONTH),
        (other_guild_id, here, JANUARY, JANUARY + MONTH),
    ]
    async with stores.database.transaction() as session:
        for period in periods:
            session.add(MembershipPeriod(guild_id=period[0], user_id=period[1], joined_at=period[2], left_at=period[3]))
        session.add(Member(guild_id=guild_id, user_id=gone, name="Gone", joined_at=JANUARY))
        # The join was not received, but a later event contains its time.
        session.add(Member(guild_id=guild_id, user_id=back, name="Back", joined_at=JANUARY + 2 * MONTH))

    assert await list_departed(stores, guild_id, [here, gone, rejoined, unknown, back]) == {gone}
    assert await list_departed(stores, guild_id, [here]) == set()
    assert await list_departed(stores, guild_id, []) == set()
