"""Build a rule and its subject from the options of `/permissions allow` and `deny`."""

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

import discord

from herwa_bot.access.expiry_parsing import parse_expiry
from herwa_bot.access.targets import find_permission
from herwa_bot.texts import permissions as texts
from herwa_bot.texts.names import format_at
from herwa_bot.ui.names import MESSAGE_NAMES
from herwa_shared.discord.constants import ADMINISTRATOR
from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.impact import HypotheticalMember, RulePlace
from herwa_shared.guardrail.policy import AccessRule, SubjectKind
from herwa_shared.guardrail.targets import BROAD_TARGET_KINDS, Target
from herwa_shared.guardrail.texts import format_subject
from herwa_shared.services.access_rules import NewRule, build_counterpart

MemberOrRole = discord.Member | discord.User | discord.Role


@dataclass(frozen=True, slots=True)
class RuleSubject:
    """The subject of a rule. `label` is unescaped plain text, for the label of a button.

    `representative` is a member of the subject without any other roles and permissions. `is_administrator`: rules do
    not apply to the subject.
    """

    kind: SubjectKind
    id: int
    label: str
    representative: HypotheticalMember
    is_administrator: bool = False


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule before it is saved, with its resolved subject, target and place."""

    rule: NewRule
    subject: RuleSubject
    target: Target
    place: RulePlace

    @property
    def is_broad(self) -> bool:
        """Whether the rule is about more than one role or member, or about more than one feature."""
        return (
            self.subject.kind in (SubjectKind.EVERYONE, SubjectKind.PERMISSION)
            or self.target.kind in BROAD_TARGET_KINDS
        )

    def build_counterpart(self) -> "RuleDraft":
        """Build the rule that denies everyone the same target, place and period."""
        everyone = RuleSubject(SubjectKind.EVERYONE, 0, texts.EVERYONE, HypotheticalMember())
        return replace(self, rule=build_counterpart(self.rule), subject=everyone)


def build_draft(
    *,
    allow: bool,
    subject: RuleSubject,
    target: Target,
    place: RulePlace,
    until: str | None,
    note: str,
    zone: tzinfo,
    now: datetime,
) -> RuleDraft:
    """Build a draft from the command's options. Raises BadRequest for an invalid `until`."""
    rule = NewRule(
        allow=allow,
        subject_kind=subject.kind,
        subject_id=subject.id,
        target_kind=target.kind,
        target_key=target.key,
        place_kind=place.kind,
        place_id=place.id,
        until=parse_expiry(until, zone=zone, now=now) if until else None,
        note=note,
    )
    return RuleDraft(rule, subject, target, place)


def resolve_subject(guild: discord.Guild, who: MemberOrRole | None, holding: str | None) -> RuleSubject:
    """Resolve the subject from the options `who` and `holding`; everyone if neither is given.

    Raises BadRequest if both are given, NotFound for an unknown permission.
    """
    everyone_permissions = guild.default_role.permissions.value
    if who is not None and holding:
        raise BadRequest(texts.WHO_OR_HOLDING)
    if holding:
        return build_permission_subject(guild, find_permission(holding))
    if who is None or who.id == guild.id:
        return RuleSubject(
            SubjectKind.EVERYONE, 0, texts.EVERYONE, HypotheticalMember(permissions=everyone_permissions)
        )
    if isinstance(who, discord.Role):
        return build_role_subject(guild, who)
    return build_member_subject(guild, who)


def build_permission_subject(guild: discord.Guild, bits: int) -> RuleSubject:
    """Build the subject of members who have a Discord permission."""
    representative = HypotheticalMember(permissions=guild.default_role.permissions.value | bits)
    return RuleSubject(
        SubjectKind.PERMISSION,
        bits,
        format_subject(SubjectKind.PERMISSION, bits, MESSAGE_NAMES),
        representative,
        bool(bits & ADMINISTRATOR),
    )


def build_role_subject(guild: discord.Guild, role: discord.Role) -> RuleSubject:
    """Build the subject of members who have a role."""
    bits = guild.default_role.permissions.value | role.permissions.value
    representative = HypotheticalMember(role_ids=frozenset([role.id]), permissions=bits)
    return RuleSubject(SubjectKind.ROLE, role.id, format_at(role.name), representative, role.permissions.administrator)


def build_member_subject(guild: discord.Guild, user: discord.Member | discord.User) -> RuleSubject:
    """Build the subject of one member.

    A user who is not in the guild has no roles; the rule applies once they join.
    """
    label = format_at(user.display_name)
    if isinstance(user, discord.User):
        return RuleSubject(SubjectKind.MEMBER, user.id, label, HypotheticalMember(user.id))
    role_ids = frozenset(role.id for role in user.roles)
    permissions = user.resolved_permissions or user.guild_permissions
    representative = HypotheticalMember(user.id, role_ids, permissions.value)
    is_administrator = guild.owner_id == user.id or permissions.administrator
    return RuleSubject(SubjectKind.MEMBER, user.id, label, representative, is_administrator)


def find_rule_subject(guild: discord.Guild, rule: AccessRule) -> RuleSubject | None:
    """Find the subject of a saved rule.

    Returns None for members and deleted roles, whose permissions are unknown.
    """
    if rule.subject_kind == SubjectKind.EVERYONE:
        return resolve_subject(guild, None, None)
    if rule.subject_kind == SubjectKind.PERMISSION:
        return build_permission_subject(guild, rule.subject_id)
    role = guild.get_role(rule.subject_id) if rule.subject_kind == SubjectKind.ROLE else None
    return None if role is None else build_role_subject(guild, role)
