"""Tests of rules on the access rules page: their rows, their form, and those that fail with the unsaved changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.discord.guild_reader import GuildRole
from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.policy import GuildPolicy, TargetKind
from herwa_shared.guardrail.texts import format_command
from herwa_shared.services.discovery import load_surfaces
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.rule_tests import RuleTestInfo, list_failing_tests, list_rule_tests
from herwa_shared.services.setting_changes import SettingChange
from herwa_web import app_context
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.data import RulesData, apply_changes

MAX_TEXT_LENGTH = 100


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test and whether the rules with the unsaved changes pass it."""

    __test__ = False  # not a class of pytest's

    key: str
    name: str
    sentence: str
    passes: bool


def build_test_rows(data: RulesData, policy: GuildPolicy) -> list[TestRow]:
    """Build the rows of all tests with the rules of a policy."""
    failing = _find_failing(data.tests, policy, data.surfaces, data.roles, data.guild.id, data.now.timestamp())
    return [
        TestRow(
            str(test.id),
            test.name,
            texts.format_test(
                data.names.format_role(test.role_id) if test.role_id else texts.WITHOUT_ROLES,
                format_command(test.command),
                allowed=test.is_allowed,
            ),
            test not in failing,
        )
        for test in data.tests
    ]


def list_broken_tests(data: RulesData, changes: Sequence[SettingChange]) -> list[str]:
    """List the names of the tests that pass now and fail with the changes."""
    at = data.now.timestamp()
    before, after = (
        _find_failing(data.tests, policy, data.surfaces, data.roles, data.guild.id, at)
        for policy in (data.policy, apply_changes(data.policy, changes))
    )
    return [test.name for test in after if test not in before]


async def require_passing_tests(guild_id: int, changes: Sequence[SettingChange], at: float) -> None:
    """Run the tests with the rules as they are now and the changes. Raises BadRequest with those that would break."""
    async with app_context.get_stores().database.transaction() as session:
        tests = await list_rule_tests(session, guild_id=guild_id)
        if not tests:
            return
        policy = await load_policy(session, guild_id=guild_id, global_policy=await load_global_policy(session))
        surfaces = await load_surfaces(session)
    roles = await app_context.get_guild_reader().list_roles(guild_id)
    before = _find_failing(tests, policy, surfaces, roles, guild_id, at)
    after = _find_failing(tests, apply_changes(policy, changes), surfaces, roles, guild_id, at)
    if broken := [test.name for test in after if test not in before]:
        raise BadRequest(texts.format_broken_tests(broken))


def parse_test_form(form: Mapping[str, Any], data: RulesData) -> dict[str, Any]:
    """Parse the form of a new test into the arguments of the service. Raises BadRequest for an unknown role."""
    kind, _, role = str(form.get("who") or "").partition(":")
    role_ids = {str(item.id) for item in data.roles}
    if kind != "everyone" and role not in role_ids:
        raise BadRequest(texts.CHOOSE_ROLE)
    what_kind, _, command = str(form.get("what") or "").partition(":")
    return {
        "name": str(form.get("name") or "")[:MAX_TEXT_LENGTH],
        "role_id": 0 if kind == "everyone" else int(role),
        "command": command[:MAX_TEXT_LENGTH] if what_kind == TargetKind.COMMAND else "",
        "is_allowed": form.get("effect") == "allow",
    }


def _find_failing(
    tests: Sequence[RuleTestInfo],
    policy: GuildPolicy,
    surfaces: SurfaceRegistry,
    roles: Sequence[GuildRole],
    guild_id: int,
    at: float,
) -> tuple[RuleTestInfo, ...]:
    everyone = next((role.permissions for role in roles if role.id == guild_id), 0)
    permissions = {0: everyone, **{role.id: everyone | role.permissions for role in roles}}
    return list_failing_tests(tests, policy, surfaces, permissions, at=at)
