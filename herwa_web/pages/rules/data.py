"""The data of the access rules page, and what is computed from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.discord.guild_reader import GuildMemberInfo, GuildRole
from herwa_shared.guardrail.impact import has_same_scope
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy
from herwa_shared.services.access_requests import AccessRequestInfo
from herwa_shared.services.access_rules import parse_rule, to_access_rule
from herwa_shared.services.audited_settings import SettingValue
from herwa_shared.services.channels import PlaceInfo
from herwa_shared.services.rule_tests import RuleTestInfo
from herwa_shared.services.setting_changes import SettingChange
from herwa_web.page_names import PageNames
from herwa_web.pages.target_options import select_commands


@dataclass(frozen=True, slots=True)
class RulesData:
    """The data of the page.

    `saved_rules` are the rules as the audit log stores them, by id. `members` are None if Discord does not list them.
    `recent` are the ids and names of members who were active in the last 30 days.
    """

    guild: UserGuildInfo
    owner_id: int
    user_id: int
    policy: GuildPolicy
    saved_rules: Mapping[int, SettingValue]
    surfaces: SurfaceRegistry
    roles: tuple[GuildRole, ...]
    places: tuple[PlaceInfo, ...]
    members: tuple[GuildMemberInfo, ...] | None
    recent: Mapping[int, str]
    requests: tuple[AccessRequestInfo, ...]
    tests: tuple[RuleTestInfo, ...]
    names: PageNames
    now: datetime
    tab: str

    @property
    def command_surfaces(self) -> SurfaceRegistry:
        """The commands and menus of the bot."""
        return select_commands(self.surfaces)


def apply_changes(policy: GuildPolicy, changes: Sequence[SettingChange]) -> GuildPolicy:
    """Return the policy with the changed rules, as `services.setting_changes` saves them."""
    rules: dict[int, AccessRule] = {rule.id: rule for rule in policy.rules}
    for number, change in enumerate(changes, start=1):
        if change.target:
            rules.pop(int(change.target), None)
        if change.after is not None:
            new_rule = to_access_rule(parse_rule(change.after), id_=int(change.target or -number))
            rules = {id_: rule for id_, rule in rules.items() if not has_same_scope(rule, new_rule)}
            rules[new_rule.id] = new_rule
    return replace(policy, rules=tuple(rules.values()))
