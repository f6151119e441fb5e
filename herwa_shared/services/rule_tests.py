"""Named tests of the access rules of a guild: whether a role can use a command. Pages run them before each save."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import SurfaceKind, SurfaceRegistry
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.impact import HypotheticalMember
from herwa_shared.guardrail.member_impact import compute_access_matrix
from herwa_shared.guardrail.policy import GuildPolicy, TargetKind
from herwa_shared.models import RuleTest
from herwa_shared.services import audit, texts
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import lock_guild
from herwa_shared.services.rule_targets import require_target

MAX_TESTS = 50
MAX_NAME_LENGTH = 80


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


def list_failing_tests(
    tests: Sequence[RuleTestInfo],
    policy: GuildPolicy,
    surfaces: SurfaceRegistry,
    permissions: Mapping[int, int],
    *,
    at: float,
) -> tuple[RuleTestInfo, ...]:
    """List the tests that fail with a policy. `permissions` are those of a member with only a role, by role id.

    A test of a command or role that no longer exists fails: someone has to decide what it should say now.
    """
    return tuple(test for test in tests if not _passes(test, policy, surfaces, permissions, at=at))


def _passes(
    test: RuleTestInfo,
    policy: GuildPolicy,
    surfaces: SurfaceRegistry,
    permissions: Mapping[int, int],
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
