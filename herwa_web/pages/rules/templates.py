"""Templates of rules: each is a set of changes for the save bar, so that the difference is seen before it is saved."""

from herwa_shared.catalog import FeatureKey, ModuleKey
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services.access_rules import NewRule, build_counterpart, to_setting_value
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.data import RulesData

STATISTICS_MODULES = (ModuleKey.ACTIVITY, ModuleKey.VOICE, ModuleKey.TICKETS)
ROLE_TEMPLATES = ("only_role", "support_tickets")
"""Templates that need a role."""

Subject = tuple[SubjectKind, int]
RuleTarget = tuple[TargetKind, str]


def build_template(name: str, role: str, data: RulesData) -> list[tuple[str, SettingChange]]:
    """Build the changes of a template, each with its key in the draft. Raises BadRequest without a needed role.

    Rules that exist already are left out.
    """
    if name == "reset":
        return [
            (f"{SettingType.RULE}:{rule_id}", SettingChange(SettingType.RULE, str(rule_id), value, None))
            for rule_id, value in data.saved_rules.items()
        ]
    subject: Subject = (SubjectKind.PERMISSION, MANAGE_GUILD)
    if name in ROLE_TEMPLATES:
        subject = (SubjectKind.ROLE, _find_role(role, data))
    targets: list[RuleTarget] = [(TargetKind.MODULE, module) for module in STATISTICS_MODULES]
    if name == "support_tickets":
        targets = [(TargetKind.FEATURE, FeatureKey.TICKET_STATS)]
    return [item for target in targets for item in _build_only(subject, target, data)]


def build_new_rule_change(rule: NewRule, data: RulesData) -> tuple[str, SettingChange] | None:
    """Build the change that adds a rule, or changes the one with the same subject, target and place.

    Returns the key of the change in the draft and the change; None if the rule exists already.
    """
    value = to_setting_value(rule)
    scope = get_scope(value)
    existing = next((item for item in data.saved_rules.items() if get_scope(item[1]) == scope), None)
    if existing is None:
        return f"{SettingType.RULE}:new:{':'.join(scope)}", SettingChange(SettingType.RULE, "", None, value)
    rule_id, before = existing
    if before == value:
        return None
    return f"{SettingType.RULE}:{rule_id}", SettingChange(SettingType.RULE, str(rule_id), before, value)


def get_scope(value: dict[str, object]) -> tuple[str, ...]:
    """Get what identifies a rule: its subject, target and place."""
    names = ("subject_kind", "subject_id", "target_kind", "target_key", "place_kind", "place_id")
    return tuple(str(value[name]) for name in names)


def _build_only(subject: Subject, target: RuleTarget, data: RulesData) -> list[tuple[str, SettingChange]]:
    """Build the two rules that allow a target to the subject only."""
    rule = NewRule(True, *subject, *target)
    changes = (build_new_rule_change(new_rule, data) for new_rule in (rule, build_counterpart(rule)))
    return [change for change in changes if change is not None]


def _find_role(value: str, data: RulesData) -> int:
    role_id = value.partition(":")[2]
    for role in data.roles:
        if str(role.id) == role_id and role.id != data.guild.id:
            return role.id
    raise BadRequest(texts.CHOOSE_ROLE)
