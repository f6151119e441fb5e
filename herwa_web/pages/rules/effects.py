"""Who gains or loses what by the unsaved changes of rules, in sentences."""

from collections.abc import Iterable, Sequence

from herwa_shared.catalog import Surface, SurfaceKind
from herwa_shared.discord.guild_reader import GuildMemberInfo
from herwa_shared.guardrail.member_impact import MemberImpact, compute_member_impacts
from herwa_shared.guardrail.policy import PlaceKind
from herwa_shared.guardrail.targets import can_change_rules
from herwa_shared.guardrail.texts import format_command
from herwa_shared.services.change_preview import build_hypothetical_members
from herwa_shared.services.setting_changes import SettingChange
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.data import RulesData, apply_changes

MAX_NAMES = 8


def describe_rule_effects(data: RulesData, changes: Sequence[SettingChange]) -> list[str]:
    """Describe who gains and loses what: recently active members by name, the others as a number."""
    if data.members is None:
        return [texts.MEMBERS_UNKNOWN]
    people = [member for member in data.members if not member.is_bot]
    members = build_hypothetical_members(people, data.roles, guild_id=data.guild.id, owner_id=data.owner_id)
    impacts = compute_member_impacts(
        data.policy,
        apply_changes(data.policy, changes),
        data.surfaces,
        members,
        at=data.now.timestamp(),
    )
    lines = [line for impact in impacts for line in _describe_impact(impact, people, data)]
    lines += _warn_user(impacts, people, data)
    if any(can_change_rules(impact.gained) for impact in impacts):
        lines.append(texts.RULE_CONTROL)
    return lines or [texts.NO_MEMBER_AFFECTED]


def list_rule_uses(surfaces: Iterable[Surface]) -> list[str]:
    """List commands by their names and pages by their titles."""
    return [surface.title if surface.kind is SurfaceKind.PAGE else format_command(surface.key) for surface in surfaces]


def _describe_impact(impact: MemberImpact, people: Sequence[GuildMemberInfo], data: RulesData) -> list[str]:
    affected = [people[position] for position in impact.positions]
    recent = [member.name for member in affected if member.id in data.recent]
    listed = sorted(recent, key=str.casefold)[:MAX_NAMES]
    group = texts.format_people([f"@{name}" for name in listed], len(affected) - len(listed))
    place = "" if impact.place.kind == PlaceKind.EVERYWHERE else data.names.format_channel(impact.place.id)
    lines = [texts.format_loss(group, list_rule_uses(impact.lost), place)] if impact.lost else []
    if impact.gained:
        lines.append(texts.format_gain(group, list_rule_uses(impact.gained), place))
    return lines


def _warn_user(impacts: Sequence[MemberImpact], people: Sequence[GuildMemberInfo], data: RulesData) -> list[str]:
    """Warn users who take something from themselves."""
    lost = [
        use
        for impact in impacts
        if any(people[position].id == data.user_id for position in impact.positions)
        for use in list_rule_uses(impact.lost)
    ]
    return [f"{texts.YOU_LOSE} {', '.join(dict.fromkeys(lost))}"] if lost else []
