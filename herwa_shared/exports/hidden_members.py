"""Which members an export leaves out: those who opted out, and those who are being erased.

Choices are stored under keyed hashes, so each member who has hours or a name is hashed. The ids are stored nowhere; the
export keeps a keyed hash of all of them, by which a change is noticed.
"""

import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM
from herwa_shared.pipeline.privacy_filter import VERSION_SQL
from herwa_shared.privacy_digests import derive_privacy_key, list_member_hashes

OPT_OUTS_SQL = """
SELECT digest FROM privacy_choice WHERE opted_out_at IS NOT NULL AND (guild_id = $1 OR guild_id IS NULL)
"""
ERASURES_SQL = """
SELECT user_id FROM erasure_request WHERE finished_at IS NULL AND (guild_id = $1 OR guild_id IS NULL)
"""
NAMED_MEMBERS_SQL = "SELECT user_id FROM member WHERE guild_id = $1"
MEMBERS_SQL = f"""
SELECT DISTINCT user_id FROM activity_hourly
WHERE guild_id = {{guild:UInt64}} AND user_id BETWEEN 1 AND {FIRST_PSEUDONYM - 1}
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class HiddenMembers:
    """The members of a guild whom an export leaves out. `version` is that of the choices, `digest` a keyed hash.

    `is_hidden` tells whether a user is one of them; `ids` are those who have hours or a name.
    """

    version: int
    ids: frozenset[int]
    digest: bytes
    is_hidden: Callable[[int], bool]


NO_HIDDEN_MEMBERS = HiddenMembers(0, frozenset(), b"", lambda _: False)
"""Of an export that holds no members."""


async def load_hidden_members(
    connection: asyncpg.Connection, clickhouse: AsyncClient, *, guild_id: int, audit_key: bytes
) -> HiddenMembers:
    """Load the members whom exports of a guild leave out, in constant memory for any number of members."""
    version = int(await connection.fetchval(VERSION_SQL))
    opt_outs = {bytes(row["digest"]) for row in await connection.fetch(OPT_OUTS_SQL, guild_id)}
    erased = {int(row["user_id"]) for row in await connection.fetch(ERASURES_SQL, guild_id)}
    privacy_key = derive_privacy_key(audit_key)

    def is_hidden(user_id: int) -> bool:
        digests = list_member_hashes(privacy_key, guild_id=guild_id, user_id=user_id)
        return user_id in erased or not opt_outs.isdisjoint(digests)

    ids = set(erased)
    if opt_outs:
        ids |= {user_id async for user_id in _stream_members(clickhouse, guild_id) if is_hidden(user_id)}
        ids |= {user_id async for user_id in _stream_named_members(connection, guild_id) if is_hidden(user_id)}
    content = ",".join(map(str, sorted(ids)))
    digest = hmac.digest(audit_key, f"export {content}".encode(), "sha256")
    return HiddenMembers(version, frozenset(ids), digest, is_hidden)


async def load_privacy_version(connection: asyncpg.Connection) -> int:
    """Load the number of changes of choices."""
    return int(await connection.fetchval(VERSION_SQL))


async def _stream_named_members(connection: asyncpg.Connection, guild_id: int) -> AsyncIterator[int]:
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(NAMED_MEMBERS_SQL, guild_id, prefetch=5_000):
            yield int(row["user_id"])


async def _stream_members(clickhouse: AsyncClient, guild_id: int) -> AsyncIterator[int]:
    parameters, rest = {"guild": guild_id}, b""
    async with await clickhouse.raw_stream(MEMBERS_SQL, parameters, fmt="TabSeparated") as stream:
        async for chunk in stream:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield int(line)
