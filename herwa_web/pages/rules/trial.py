"""Try it: every step of a decision for a member or role, a command and a channel."""

from dataclasses import dataclass, field

from herwa_shared.discord.constants import USE_APPLICATION_COMMANDS, VIEW_CHANNEL
from herwa_shared.discord.guild_reader import ChannelPermissions, GuildMemberInfo, GuildReader, compute_permissions
from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import GuildPolicy, SubjectKind
from herwa_shared.guardrail.texts import OUTCOME_MARKS, STEP_TITLES, format_command, format_step_detail
from herwa_shared.guardrail.verdict import StepOutcome, StepResult, Trace
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.data import RulesData

UNUSED_MEMBER_ID = 1
_TONES = {StepOutcome.ALLOWS: "good", StepOutcome.REFUSES: "bad"}


@dataclass(frozen=True, slots=True)
class TraceStep:
    """A step of the decision. `tone` is good, bad or empty; `decides`: it is the one that decided."""

    number: str
    mark: str
    step: str
    detail: str
    outcome: str
    tone: str
    decides: bool


@dataclass(frozen=True, slots=True)
class TrialView:
    """The result of a trial."""

    allowed: bool = False
    verdict: str = ""
    steps: list[TraceStep] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Trial:
    """The input: a member or role as in the form, a command, and a channel (0 for none)."""

    who: str
    command: str
    channel_id: int


async def run_trial(trial: Trial, data: RulesData, policy: GuildPolicy, reader: GuildReader) -> TrialView:
    """Evaluate every step with the rules of `policy`. Raises BadRequest for unknown input, DiscordUnavailable."""
    surface = next((surface for surface in data.command_surfaces.all if surface.key == trial.command), None)
    if surface is None:
        raise BadRequest(texts.CHOOSE_WHAT)
    place = next((place for place in data.places if place.id == trial.channel_id and not place.is_category), None)
    member, label = await _find_subject(trial.who, data, reader)
    channels = await reader.list_channel_permissions(data.guild.id) if place else {}
    channel = channels.get(trial.channel_id)
    roles = {role.id: role for role in data.roles}
    owner_id = data.owner_id
    permissions = compute_permissions(member, roles, channel, guild_id=data.guild.id, owner_id=owner_id)
    invocation = Invocation.from_member(
        guild_id=data.guild.id,
        surface=surface,
        at=data.now.timestamp(),
        member_id=member.id,
        role_ids=member.role_ids,
        permissions=permissions,
        is_owner=member.id == owner_id,
        channel_id=place.id if place else 0,
        category_id=place.category_id if place else 0,
    )
    trace = explain(invocation, policy)
    discord_step, is_visible = _check_discord(permissions, channel)
    allowed = trace.verdict.allowed and is_visible
    verdict = texts.format_verdict(label, format_command(surface.key), place.name if place else "", allowed=allowed)
    return TrialView(allowed, verdict, [discord_step, *_build_steps(trace, data, is_visible=is_visible)])


async def _find_subject(who: str, data: RulesData, reader: GuildReader) -> tuple[GuildMemberInfo, str]:
    """Find the member, or build one with only the role. Raises BadRequest for others."""
    kind, _, id_text = who.partition(":")
    if kind == SubjectKind.EVERYONE:
        return GuildMemberInfo(UNUSED_MEMBER_ID, "", frozenset(), False), texts.EVERYONE
    if not id_text.isascii() or not id_text.isdigit() or len(id_text) > 19:
        raise BadRequest(texts.CHOOSE_WHO)
    if kind == SubjectKind.ROLE and int(id_text) in {role.id for role in data.roles}:
        return GuildMemberInfo(UNUSED_MEMBER_ID, "", frozenset([int(id_text)]), False), data.names.format_role(
            int(id_text)
        )
    member = await reader.find_member(data.guild.id, int(id_text)) if kind == SubjectKind.MEMBER else None
    if member is None:
        raise BadRequest(texts.NOT_A_MEMBER if kind == SubjectKind.MEMBER else texts.CHOOSE_WHO)
    return member, f"@{member.name}"


def _check_discord(permissions: int, channel: ChannelPermissions | None) -> tuple[TraceStep, bool]:
    """Check whether Discord shows commands to the member at all, before the bot is asked."""
    problem = ""
    if channel is not None and not permissions & VIEW_CHANNEL:
        problem = texts.NO_VIEW_CHANNEL
    elif not permissions & USE_APPLICATION_COMMANDS:
        problem = texts.NO_APPLICATION_COMMANDS
    outcome = StepOutcome.REFUSES if problem else StepOutcome.NEUTRAL
    step = TraceStep(
        "0",
        OUTCOME_MARKS[outcome],
        texts.DISCORD_STEP,
        problem or texts.DISCORD_SHOWS,
        texts.OUTCOMES[outcome],
        _TONES.get(outcome, ""),
        bool(problem),
    )
    return step, not problem


def _build_steps(trace: Trace, data: RulesData, *, is_visible: bool) -> list[TraceStep]:
    return [
        _build_step(number, step, data, decides=is_visible and step.step == trace.verdict.reason)
        for number, step in enumerate(trace.steps, start=1)
    ]


def _build_step(number: int, step: StepResult, data: RulesData, *, decides: bool) -> TraceStep:
    return TraceStep(
        str(number),
        OUTCOME_MARKS[step.outcome],
        STEP_TITLES[step.step],
        format_step_detail(step, data.names),
        texts.OUTCOMES[step.outcome],
        _TONES.get(step.outcome, ""),
        decides,
    )
