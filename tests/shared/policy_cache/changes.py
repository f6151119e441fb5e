"""Changes of policies as services make them, and what is seen of them. `python -m` makes them in another process:
it reads lines `GUILD COMMAND`, and answers each when the change is committed.
"""

import asyncio
import sys
from collections.abc import Callable
from itertools import count
from time import monotonic

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.models import AccessRuleRow, Guild
from herwa_shared.policy_cache.notifications import touch

PATIENCE_SECONDS = 30

_ids = count(7_000_000_000_000_000_001)


async def new_guild(database: Database) -> int:
    async with database.transaction() as session:
        guild = Guild(id=next(_ids), name="Tea", owner_id=1, joined_at=utc_now())
        session.add(guild)
    return guild.id


async def deny_silently(session: AsyncSession, guild_id: int, command: str) -> None:
    """The row alone, as somebody with a console would write it."""
    session.add(
        AccessRuleRow(
            guild_id=guild_id,
            allow=False,
            subject_kind=SubjectKind.EVERYONE,
            target_kind=TargetKind.COMMAND,
            target_key=command,
        )
    )
    await session.flush()


async def deny(session: AsyncSession, guild_id: int, command: str) -> None:
    await deny_silently(session, guild_id, command)
    await touch(session, guild_id=guild_id)


async def denied(database: Database, guild_id: int, command: str) -> None:
    """The whole change, committed."""
    async with database.transaction() as session:
        await deny(session, guild_id, command)


def seen(compiled: CompiledPolicy | None) -> set[str]:
    """The commands that this policy denies."""
    return set() if compiled is None else {rule.target_key for rule in compiled.policy.rules}


async def until(true: Callable[[], object]) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not true():
        assert monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.005)


async def main() -> None:
    database = Database(sys.argv[1])
    for line in sys.stdin:
        guild_id, command = line.split()
        await denied(database, int(guild_id), command)
        sys.stdout.write("committed\n")
        sys.stdout.flush()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
