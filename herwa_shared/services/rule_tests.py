"""Named tests of the access rules of a guild: whether a role can use a command. They run at each change of rules."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import SurfaceKind, SurfaceRegistry
from herwa_shared.db import Database
from herwa_shared.discord.guild_reader import GuildReader
from herwa_shared.errors import BadRequest, DiscordUnavailable, NotFound
from herwa_shared.guardrail.impact import HypotheticalMember
from herwa_shared.guardrail.member_impact import compute_access_matrix
from herwa_shared.guardrail.policy import GuildPolicy, TargetKind
from herwa_shared.models import RuleTest
from herwa_shared.services import audit, texts
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import lock_guild
from herwa_shared.services.discovery import load_surfaces
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.rule_targets import require_target

MAX_TESTS = 50
MAX_NAME_LENGTH = 80

RolePermissions = Mapping[int, int]
"""Discord's permission bits of a member with only this role, by role id; 0 is a member without roles."""


class RuleTestsBroken(BadRequest):
    """A change of rules breaks tests that passed before. Nothing was saved."""

    code = "rule_tests_broken"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(texts.format_broken_tests(names))


@dataclass(frozen=True, slots=True)
class RuleTestInfo:
    """A test: a member with only this role (0: without roles) can use the command outside of channels, or cannot."""

    id: int
    name: str
    role_id: int
    command: str
    is_allowed: bool


async def add_rule_test(
    session: AsyncSession, *, guild_id: int, name: str, role_id: int, command: str, is_allowed: bool, actor: Actor
) -> int:
    """Add a test and return its id.

    Raises BadRequest for an empty, long or taken name and beyond MAX_TESTS, NotFound for an unknown command or guild.
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise BadRequest(texts.format_invalid_test_name(MAX_NAME_LENGTH))
    await require_target(session, TargetKind.COMMAND, command)
    await lock_guild(session, guild_id)
    tests = await list_rule_tests(session, guild_id=guild_id)
    if any(test.name.casefold() == name.casefold() for test in tests):
        raise BadRequest(texts.TEST_NAME_TAKEN)
    if len(tests) >= MAX_TESTS:
        raise BadRequest(texts.format_too_many_tests(MAX_TESTS))
    row = RuleTest(guild_id=guild_id, name=name, role_id=role_id, command=command, allowed=is_allowed)
    session.add(row)
    await session.flush()
    assert row.id is not None
    await audit.record(session, actor, "rule_test.add", guild_id=guild_id, target=str(row.id), after=_to_values(row))
    return row.id


async def remove_rule_test(session: AsyncSession, *, guild_id: int, test_id: int, actor: Actor) -> None:
    """Remove a test. Raises NotFound."""
    await lock_guild(session, guild_id)
    row = await session.get(RuleTest, test_id, populate_existing=True)
    if row is None or row.guild_id != guild_id:
        raise NotFound(texts.UNKNOWN_TEST)
    before = _to_values(row)
    await session.execute(delete(RuleTest).where(col(RuleTest.id) == test_id))
    await audit.record(session, actor, "rule_test.remove", guild_id=guild_id, target=str(test_id), before=before)


async def list_rule_tests(session: AsyncSession, *, guild_id: int) -> tuple[RuleTestInfo, ...]:
    """List the tests of a guild, by name."""
    query = select(RuleTest).where(col(RuleTest.guild_id) == guild_id).order_by(func.lower(RuleTest.name))
    return tuple(
        RuleTestInfo(row.id or 0, row.name, row.role_id, row.command, row.allowed)
        for row in await session.scalars(query)
    )


@asynccontextmanager
async def require_passing_tests(
    session: AsyncSession, *, guild_id: int, permissions: RolePermissions | None, now: datetime
) -> AsyncIterator[None]:
    """Run the tests before and after the changes of rules that the block makes in this transaction.

    Raises RuleTestsBroken if tests fail that passed before, DiscordUnavailable if there are tests and `permissions` is
    None. Tests that failed before do not count, so that rules can be repaired in steps.
    """
    tests = await list_rule_tests(session, guild_id=guild_id)
    if not tests:
        yield
        return
    if permissions is None:
        raise DiscordUnavailable
    surfaces, global_policy = await load_surfaces(session), await load_global_policy(session)

    async def list_failing() -> tuple[RuleTestInfo, ...]:
        policy = await load_policy(session, guild_id=guild_id, global_policy=global_policy)
        return list_failing_tests(tests, policy, surfaces, permissions, at=now.timestamp())

    before = await list_failing()
    yield
    if broken := [test.name for test in await list_failing() if test not in before]:
        raise RuleTestsBroken(broken)


async def load_role_permissions(database: Database, reader: GuildReader, *, guild_id: int) -> RolePermissions | None:
    """Load the permissions of all roles from Discord; None while it does not respond, or if there are no tests.

    Call it before the transaction that changes the rules: it must not keep the guild locked while it waits for Discord.
    """
    async with database.transaction() as session:
        if not await list_rule_tests(session, guild_id=guild_id):
            return None
    try:
        roles = await reader.list_roles(guild_id)
    except DiscordUnavailable:
        return None
    return build_role_permissions({role.id: role.permissions for role in roles}, guild_id)


def build_role_permissions(own_permissions: Mapping[int, int], guild_id: int) -> RolePermissions:
    """Build the permissions of members with one role or none from those of the roles alone.

    Every member also has those of @everyone, whose id is that of the guild.
    """
    everyone = own_permissions.get(guild_id, 0)
    return {0: everyone, **{role_id: everyone | bits for role_id, bits in own_permissions.items()}}


def list_failing_tests(
    tests: Sequence[RuleTestInfo],
    policy: GuildPolicy,
    surfaces: SurfaceRegistry,
    permissions: RolePermissions,
    *,
    at: float,
) -> tuple[RuleTestInfo, ...]:
    """List the tests that fail with a policy.

    A test of a command or role that no longer exists fails: someone has to decide what it should say now.
    """
    return tuple(test for test in tests if not _passes(test, policy, surfaces, permissions, at=at))


def _passes(
    test: RuleTestInfo,
    policy: GuildPolicy,
    surfaces: SurfaceRegistry,
    permissions: RolePermissions,
    *,
    at: float,
) -> bool:
    surface = surfaces.find(SurfaceKind.COMMAND, test.command) or surfaces.find(SurfaceKind.MENU, test.command)
    if surface is None or test.role_id not in permissions:
        return False
    role_ids = frozenset([test.role_id]) if test.role_id else frozenset[int]()
    member = HypotheticalMember(role_ids=role_ids, permissions=permissions[test.role_id])
    [[is_allowed]] = compute_access_matrix(policy, [surface], [member], at=at)
    return is_allowed is test.is_allowed


def _to_values(row: RuleTest) -> dict[str, str | bool]:
    return {"name": row.name, "role": str(row.role_id), "command": row.command, "allowed": row.allowed}
