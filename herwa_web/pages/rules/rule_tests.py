"""Tests of rules on the access rules page: their rows, their form, and those that fail with the unsaved changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.policy import GuildPolicy, TargetKind
from herwa_shared.guardrail.texts import format_command
from herwa_shared.services.rule_tests import RuleTestInfo, build_role_permissions, list_failing_tests
from herwa_shared.services.setting_changes import SettingChange
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
    failing = _find_failing(data, policy)
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
    before, after = _find_failing(data, data.policy), _find_failing(data, apply_changes(data.policy, changes))
    return [test.name for test in after if test not in before]


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


def _find_failing(data: RulesData, policy: GuildPolicy) -> tuple[RuleTestInfo, ...]:
    permissions = build_role_permissions({role.id: role.permissions for role in data.roles}, data.guild.id)
    return list_failing_tests(data.tests, policy, data.surfaces, permissions, at=data.now.timestamp())
