"""Changes policies as services do, in this process or, run with `python -m`, in another one.

The other process reads lines `GUILD COMMAND` from standard input, adds a rule that denies the command, and prints
`committed` after each commit.
"""

import asyncio
import sys
from itertools import count

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.guardrail.compiler import CompiledPolicy
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.models import AccessRuleRow, Guild
from herwa_shared.policy_cache.notifications import publish_policy_change

_guild_ids = count(7_000_000_000_000_000_001)


async def create_guild(database: Database) -> int:
    async with database.transaction() as session:
        guild = Guild(id=next(_guild_ids), name="Tea", owner_id=1, joined_at=utc_now())
        session.add(guild)
    return guild.id


async def insert_deny_rule(session: AsyncSession, guild_id: int, command: str) -> None:
    """Insert a rule without publishing the change, as with psql."""
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


async def deny_command(session: AsyncSession, guild_id: int, command: str) -> None:
    await insert_deny_rule(session, guild_id, command)
    await publish_policy_change(session, guild_id=guild_id)


async def commit_deny(database: Database, guild_id: int, command: str) -> None:
    """Add a rule that denies a command, publish the change and commit."""
    async with database.transaction() as session:
        await deny_command(session, guild_id, command)


def get_denied_commands(compiled: CompiledPolicy | None) -> set[str]:
    """Return the commands that the policy denies; for None the empty set."""
    return set() if compiled is None else {rule.target_key for rule in compiled.policy.rules}


async def main() -> None:
    database = Database(sys.argv[1])
    for line in sys.stdin:
        guild_id, command = line.split()
        await commit_deny(database, int(guild_id), command)
        sys.stdout.write("committed\n")
        sys.stdout.flush()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
