"""Search of servers: by a part of the name, an id, the owner, the end of a key; filters."""

import random
from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.models import ApiKey, CollectionGap, Guild, GuildActivity, Subscription, TierRow
from herwa_shared.operators.server_criteria import ServerActivity, ServerFilter, ServerSize, ServerTrouble
from herwa_shared.operators.server_search import MAX_ROWS, find_server, search_servers
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.subscriptions import grant
from herwa_shared.stores import Stores

NOW = utc_now()


class ServerShelf:
    """Servers of one test, whose names contain a unique text."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.mark = f"shelf{random.getrandbits(40):x}"

    async def add(self, name: str = "", *, members: int = 5, owner_id: int = 1, age_days: int = 10, **columns) -> int:
        guild_id = random.getrandbits(61) | (1 << 60)
        async with self.stores.database.transaction() as session:
            session.add(
                Guild(
                    id=guild_id,
                    name=f"{self.mark} {name}",
                    owner_id=owner_id,
                    member_count=members,
                    joined_at=NOW - timedelta(days=age_days),
                    **columns,
                )
            )
        return guild_id

    async def add_rows(self, *rows) -> None:
        async with self.stores.database.transaction() as session:
            session.add_all(rows)

    async def search(self, query: str | None = None, **criteria) -> list[int]:
        async with self.stores.database.transaction() as session:
            text = self.mark if query is None else query
            found = await search_servers(session, ServerFilter(text, **criteria), now=utc_now())
        return [server.id for server in found.servers]


@pytest.fixture
def shelf(stores: Stores) -> ServerShelf:
    return ServerShelf(stores)


async def test_servers_are_found_by_a_part_of_the_name_the_largest_first(shelf: ServerShelf):
    small, large = await shelf.add("Garden Club", members=3), await shelf.add("Gardeners", members=900)
    await shelf.add("Tea")
    assert await shelf.search(f"{shelf.mark} garden") == [large, small]
    assert await shelf.search(f"{shelf.mark[3:]} GARDEN C") == [small]
    assert await shelf.search(f"{shelf.mark} nothing") == []


async def test_wildcards_of_sql_are_plain_characters(shelf: ServerShelf):
    percent, underscore = await shelf.add("100% tea"), await shelf.add("a_b")
    await shelf.add("100 tea")
    await shelf.add("axb")
    assert await shelf.search(f"{shelf.mark} 100%") == [percent]
    assert await shelf.search(f"{shelf.mark} a_b") == [underscore]
    assert await shelf.search("'; DROP TABLE guild; --\\") == []


async def test_servers_are_found_by_id_owner_and_end_of_a_key(shelf: ServerShelf):
    owner_id = random.getrandbits(61) | (1 << 60)
    first, second = await shelf.add(owner_id=owner_id), await shelf.add(owner_id=owner_id, members=1)
    assert await shelf.search(str(first)) == [first]
    assert await shelf.search(f" {owner_id} ") == [first, second]
    await shelf.add_rows(ApiKey(guild_id=second, name="n", digest=random.randbytes(32), hint="Qz9_", scopes=[]))
    assert second in await shelf.search("Qz9_")
    assert first not in await shelf.search("Qz9_")
    assert second not in await shelf.search("qz9_")
    assert await shelf.search("9" * 40) == []


async def test_filters_by_tier_size_activity_and_trouble(shelf: ServerShelf):
    free = await shelf.add(members=99)
    paid = await shelf.add(members=100, is_silent=False)
    left = await shelf.add(members=1_000, left_at=NOW)
    new = await shelf.add(members=1, age_days=0)
    async with shelf.stores.database.transaction() as session:
        await grant(session, guild_id=paid, tier="premium", days=30, reason="test", actor=SYSTEM)
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    await shelf.add_rows(
        GuildActivity(guild_id=paid, events=7, first_event_at=hour, last_event_at=hour),
        CollectionGap(guild_id=paid, channel_id=0, from_at=NOW),
        CollectionGap(guild_id=free, channel_id=0, from_at=NOW - timedelta(1), to_at=NOW),
    )
    assert await shelf.search(tier="premium") == [paid]
    assert await shelf.search(tier="free") == [left, free, new]
    assert await shelf.search(size=ServerSize.SMALL) == [free, new]
    assert await shelf.search(size=ServerSize.MEDIUM) == [paid]
    assert await shelf.search(size=ServerSize.LARGE) == [left]
    assert await shelf.search(activity=ServerActivity.ACTIVE) == [paid]
    assert await shelf.search(activity=ServerActivity.SILENT) == [left, free, new]
    assert await shelf.search(trouble=ServerTrouble.LEFT) == [left]
    assert await shelf.search(trouble=ServerTrouble.GAP) == [paid]
    assert await shelf.search(trouble=ServerTrouble.NO_EVENTS) == [free]
    async with shelf.stores.database.transaction() as session:
        servers = [await find_server(session, guild_id=id_, now=utc_now()) for id_ in (free, paid, left, new)]
        assert await find_server(session, guild_id=1, now=utc_now()) is None
    assert [server.trouble for server in servers if server] == [
        (ServerTrouble.NO_EVENTS,),
        (ServerTrouble.GAP,),
        (ServerTrouble.LEFT,),
        (),
    ]
    assert [(server.tier, server.events) for server in servers if server][:2] == [("free", 0), ("premium", 7)]


async def test_filter_by_tier_finds_the_servers_whose_current_tier_it_is(shelf: ServerShelf):
    chooser, now = random.Random(42), utc_now()
    tiers = ["free", "premium", f"gold{shelf.mark}", f"iron{shelf.mark}"]
    ranks = chooser.sample(range(10**6, 10**9), 2)
    await shelf.add_rows(*(TierRow(key=key, title=key, rank=rank) for key, rank in zip(tiers[2:], ranks, strict=True)))
    guild_ids = [await shelf.add(members=number) for number in range(40)]
    periods = [(-9, None), (-3, None), (-9, -1), (-3, 9), (3, 9), (3, None)]  # days from now
    for guild_id in guild_ids:
        for start, end in chooser.choices(periods, k=chooser.randrange(4)):
            subscription = Subscription(
                guild_id=guild_id,
                tier_key=chooser.choice(tiers),
                source="manual",
                starts_at=now + timedelta(days=start),
                ends_at=None if end is None else now + timedelta(days=end),
                revoked_at=chooser.choice([None, None, now]),
                granted_by="Opal",
            )
            await shelf.add_rows(subscription)
    async with shelf.stores.database.transaction() as session:
        current = {guild_id: await find_server(session, guild_id=guild_id, now=now) for guild_id in guild_ids}
    expected = {
        tier: [id_ for id_ in reversed(guild_ids) if (server := current[id_]) and server.tier == tier] for tier in tiers
    }
    assert all(expected.values())
    assert {tier: await shelf.search(tier=tier) for tier in tiers} == expected


async def test_long_results_are_cut_and_say_so(shelf: ServerShelf):
    for number in range(MAX_ROWS + 1):
        await shelf.add(members=number)
    async with shelf.stores.database.transaction() as session:
        found = await search_servers(session, ServerFilter(shelf.mark), now=utc_now())
    assert (len(found.servers), found.has_more) == (MAX_ROWS, True)
    assert found.servers[0].member_count == MAX_ROWS
