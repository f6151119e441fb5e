"""Texts of the guardrail for people: targets, rules and traces; refusals are in `refusal_texts`.

A `NameFormatter` from the caller formats names for the surface (Discord, web page) that shows the text.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Protocol

from herwa_shared.catalog import FEATURES, MODULES, FeatureKey, ModuleKey
from herwa_shared.discord.command_permissions import DiscordBlock
from herwa_shared.guardrail.permissions import format_permissions
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.verdict import Reason, StepDetail, StepOutcome, StepResult, Trace

STEP_TITLES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.KILL_SWITCH: "Kill switch",
        Reason.TIER: "Tier",
        Reason.TOGGLE: "Turned on?",
        Reason.ADMINISTRATOR: "Administrator",
        Reason.ACCESS_RULE: "Access rule",
        Reason.DEFAULT_AUDIENCE: "Default access",
        Reason.CHANNEL_LIST: "Channel list",
        Reason.COOLDOWN: "Rate limit",
        Reason.ESSENTIAL: "Always available",
        Reason.SCOPE: "Key scope",
        Reason.PUBLIC: "Public",
        Reason.NO_POLICY: "Settings unavailable",
    }
)

STEP_DETAILS: Mapping[StepDetail, str] = MappingProxyType(
    {
        StepDetail.PROTECTED: "Can't be turned off",
        StepDetail.NOT_KILLED: "Not turned off by Herwa's operator",
        StepDetail.KILLED: "Turned off for all servers by Herwa's operator",
        StepDetail.IN_EVERY_TIER: "Part of every tier",
        StepDetail.IN_TIER: "Included in this server's tier",
        StepDetail.NOT_IN_TIER: "Not included in this server's tier",
        StepDetail.ON: "Yes",
        StepDetail.OFF: "No, turned off on this server",
        StepDetail.MODULE_OFF: "No, its module is turned off on this server",
        StepDetail.ADMINISTRATOR: "The owner and admins are never blocked",
        StepDetail.NOT_ADMINISTRATOR: "Not owner or admin",
        StepDetail.NO_RULE: "No matching rule",
        StepDetail.RULE: "A rule applies",
        StepDetail.DECIDED_BY_RULE: "Skipped, a rule applies",
        StepDetail.OPEN_TO_EVERYONE: "Open to everyone",
        StepDetail.MANAGER: "Has Manage Server",
        StepDetail.MANAGERS_ONLY: "Needs Manage Server",
        StepDetail.NO_CHANNEL: "Not used in a channel",
        StepDetail.NO_CHANNEL_LIST: "No channel restriction",
        StepDetail.ON_CHANNEL_LIST: "This channel is on the list",
        StepDetail.NOT_ON_CHANNEL_LIST: "This channel isn't on the list",
        StepDetail.WITHIN_RATE: "Within the limit",
        StepDetail.TOO_MANY: "Too many within a minute",
        StepDetail.ALWAYS_AVAILABLE: "Always available",
        StepDetail.DECIDED_BEFORE: "Skipped",
        StepDetail.NOT_APPLICABLE: "Doesn't apply",
    }
)

DISCORD_STEP = "Discord"
"""The title of the step before all others: whether Discord shows the command to the member at all."""
DISCORD_SHOWS = "Discord shows the command to this member here"
DISCORD_BLOCKS: Mapping[DiscordBlock, str] = MappingProxyType(
    {
        DiscordBlock.VIEW_CHANNEL: "Discord hides this channel from this member",
        DiscordBlock.USE_APPLICATION_COMMANDS: "Discord hides commands: Use Application Commands is off for this member"
        " here",
        DiscordBlock.INTEGRATIONS: "Discord hides this command here: Server Settings > Integrations > Herwa",
        DiscordBlock.DEFAULT_PERMISSIONS: "Discord hides this command: this member lacks the permissions it needs by"
        " default",
    }
)

OUTCOME_MARKS: Mapping[StepOutcome, str] = MappingProxyType(
    {StepOutcome.NEUTRAL: "·", StepOutcome.ALLOWS: "✓", StepOutcome.REFUSES: "✗", StepOutcome.SKIPPED: "-"}
)


class NameFormatter(Protocol):
    """Formats roles, members, channels and times for one surface; the output is safe to show."""

    def format_role(self, role_id: int, /) -> str:
        """Format a role."""

    def format_member(self, member_id: int, /) -> str:
        """Format a member."""

    def format_channel(self, channel_id: int, /) -> str:
        """Format a channel or a category."""

    def format_time(self, seconds: float, /) -> str:
        """Format a time in Unix seconds."""


def format_local_time(moment: datetime, zone: tzinfo) -> str:
    """Format a time in a time zone, where Discord timestamps are not rendered: `Thu, Dec 24, 2026, 18:00`."""
    return f"{moment.astimezone(zone):%a, %b %-d, %Y, %H:%M}"


def format_target(target_kind: TargetKind, target_key: str) -> str:
    """Format a target: `everything`, `the Voice module`, `Ticket stats`, `/ticket-stats`."""
    if target_kind == TargetKind.MODULE:
        return f"the {get_module_title(target_key)} module"
    if target_kind == TargetKind.FEATURE:
        return get_feature_title(target_key)
    if target_kind == TargetKind.COMMAND:
        return format_command(target_key)
    return "everything"


def format_command(key: str) -> str:
    """Format a command as `/top channels`, and a context-menu command in quotes.

    Only context-menu commands contain capital letters.
    """
    return f"/{key}" if key == key.lower() else f"“{key}”"


def format_rule(rule: AccessRule, names: NameFormatter, *, has_exceptions: bool = False) -> str:
    """Format a rule: `@Support can use Ticket stats in #staff until Friday: on trial`.

    `has_exceptions`: rules that are shown together with this one allow it to some.
    """
    target = format_target(rule.target_kind, rule.target_key)
    if rule.target_kind == TargetKind.EVERYTHING and not rule.allow:
        target = "anything"
    if rule.subject_kind == SubjectKind.EVERYONE and not rule.allow:
        parts = [f"{'nobody else' if has_exceptions else 'nobody'} can use {target}"]
    else:
        verb = "can" if rule.allow else "can't"
        parts = [f"{format_subject(rule.subject_kind, rule.subject_id, names)} {verb} use {target}"]
    if rule.place_kind != PlaceKind.EVERYWHERE:
        parts.append(f"in {names.format_channel(rule.place_id)}")
    if rule.until is not None:
        parts.append(f"until {names.format_time(rule.until)}")
    return " ".join(parts) + (f": {rule.note}" if rule.note else "")


def format_subject(kind: SubjectKind, subject_id: int, names: NameFormatter) -> str:
    """Format the subject of a rule."""
    if kind == SubjectKind.MEMBER:
        return names.format_member(subject_id)
    if kind == SubjectKind.ROLE:
        return names.format_role(subject_id)
    if kind == SubjectKind.PERMISSION:
        return f"members with {format_permissions(subject_id)}"
    return "everyone"


def format_trace(trace: Trace, names: NameFormatter) -> tuple[str, ...]:
    """Format one line per step: `1 · Kill switch: Not turned off by Herwa's operator`."""
    return tuple(
        f"{number} {OUTCOME_MARKS[step.outcome]} {_format_step(step, names)}"
        for number, step in enumerate(trace.steps, start=1)
    )


def format_discord_step(block: DiscordBlock | None) -> str:
    """Format the line before those of the guardrail: `0 · Discord: Discord shows the command …`."""
    outcome = StepOutcome.NEUTRAL if block is None else StepOutcome.REFUSES
    return f"0 {OUTCOME_MARKS[outcome]} {DISCORD_STEP}: {format_discord_detail(block)}"


def format_discord_detail(block: DiscordBlock | None) -> str:
    """Format whether Discord shows the command, without the title of the step."""
    return DISCORD_SHOWS if block is None else DISCORD_BLOCKS[block]


def _format_step(step: StepResult, names: NameFormatter) -> str:
    title = STEP_TITLES[step.step]
    return f"{title}{' ' if title.endswith('?') else ': '}{format_step_detail(step, names)}"


def format_step_detail(step: StepResult, names: NameFormatter) -> str:
    """Format what a step found, without its title."""
    if step.rule is not None:
        sentence = format_rule(step.rule, names)
        return f"{sentence[:1].upper()}{sentence[1:]}"
    detail = STEP_DETAILS[step.detail]
    if step.channel_list is not None:
        return f"{detail} for {format_target(step.channel_list.target_kind, step.channel_list.target_key)}"
    return detail


def get_module_title(key: str) -> str:
    """Get the title of a module; the key if the catalog no longer contains it."""
    return MODULES[ModuleKey(key)].title if key in MODULES else key


def get_feature_title(key: str) -> str:
    """Get the title of a feature; the key if the catalog no longer contains it."""
    return FEATURES[FeatureKey(key)].title if key in FEATURES else key
