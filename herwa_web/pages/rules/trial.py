"""Try it: every step of a decision for a member or role, a command and a channel."""

from dataclasses import dataclass, field

from herwa_shared.catalog import Surface
from herwa_shared.discord.command_permissions import DiscordBlock
from herwa_shared.discord.guild_reader import GuildMemberInfo, GuildReader
from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.policy import GuildPolicy, SubjectKind
from herwa_shared.guardrail.texts import (
    DISCORD_STEP,
    OUTCOME_MARKS,
    STEP_TITLES,
    format_command,
    format_discord_detail,
    format_step_detail,
)
from herwa_shared.guardrail.verdict import StepOutcome, StepResult
from herwa_shared.services.access_trial import AccessTrial, TrialResult, build_role_member, try_access
from herwa_shared.services.channels import PlaceInfo
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.data import RulesData

EACH_ROLE = "roles"
"""The choice in the form that asks about every role."""

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
class RoleVerdict:
    """Whether members with only this role can use the command, and the step that decides it."""

    label: str
    members: str
    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TrialView:
    """The result of a trial: every step for one member or role, or a verdict for each role."""

    allowed: bool = False
    verdict: str = ""
    steps: list[TraceStep] = field(default_factory=list)
    roles: list[RoleVerdict] = field(default_factory=list)


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
    if trial.who == EACH_ROLE:
        return await _run_for_each_role(surface, place, data, policy, reader)
    member, label = await _find_subject(trial.who, data, reader)
    access_trial = AccessTrial(member, surface, place, data.now.timestamp())
    result = await try_access(access_trial, policy, reader, roles=data.roles, owner_id=data.owner_id)
    verdict = texts.format_verdict(
        label, format_command(surface.key), place.name if place else "", allowed=result.is_allowed
    )
    return TrialView(result.is_allowed, verdict, _build_all_steps(result, data))


async def _run_for_each_role(
    surface: Surface, place: PlaceInfo | None, data: RulesData, policy: GuildPolicy, reader: GuildReader
) -> TrialView:
    verdicts: list[RoleVerdict] = []
    for role in data.roles:
        is_everyone = role.id == data.guild.id
        member = build_role_member(() if is_everyone else [role.id])
        access_trial = AccessTrial(member, surface, place, data.now.timestamp())
        result = await try_access(access_trial, policy, reader, roles=data.roles, owner_id=data.owner_id)
        steps = _build_all_steps(result, data)
        verdicts.append(
            RoleVerdict(
                texts.WITHOUT_ROLES if is_everyone else f"@{role.name}",
                "" if is_everyone else _count_members(role.id, data),
                result.is_allowed,
                next((step for step in steps if step.decides), steps[-1]).detail,
            )
        )
    allowed = sum(verdict.allowed for verdict in verdicts)
    verdict = texts.format_role_verdict(
        format_command(surface.key), place.name if place else "", allowed, len(verdicts)
    )
    return TrialView(allowed > 0, verdict, roles=verdicts)


def _count_members(role_id: int, data: RulesData) -> str:
    """Count the members with a role; empty if Discord does not list members."""
    if data.members is None:
        return ""
    return texts.format_member_count(sum(role_id in member.role_ids for member in data.members))


async def _find_subject(who: str, data: RulesData, reader: GuildReader) -> tuple[GuildMemberInfo, str]:
    """Find the member, or build one with only the role. Raises BadRequest for others."""
    kind, _, id_text = who.partition(":")
    if kind == SubjectKind.EVERYONE:
        return build_role_member(()), texts.EVERYONE
    if not id_text.isascii() or not id_text.isdigit() or len(id_text) > 19:
        raise BadRequest(texts.CHOOSE_WHO)
    if kind == SubjectKind.ROLE and int(id_text) in {role.id for role in data.roles}:
        return build_role_member([int(id_text)]), data.names.format_role(int(id_text))
    member = await reader.find_member(data.guild.id, int(id_text)) if kind == SubjectKind.MEMBER else None
    if member is None:
        raise BadRequest(texts.NOT_A_MEMBER if kind == SubjectKind.MEMBER else texts.CHOOSE_WHO)
    return member, f"@{member.name}"


def _build_all_steps(result: TrialResult, data: RulesData) -> list[TraceStep]:
    return [_build_discord_step(result.discord_block), *_build_steps(result, data)]


def _build_discord_step(block: DiscordBlock | None) -> TraceStep:
    """Build the step before those of the guardrail: whether Discord shows commands to the member at all."""
    outcome = StepOutcome.NEUTRAL if block is None else StepOutcome.REFUSES
    return TraceStep(
        "0",
        OUTCOME_MARKS[outcome],
        DISCORD_STEP,
        format_discord_detail(block),
        texts.OUTCOMES[outcome],
        _TONES.get(outcome, ""),
        block is not None,
    )


def _build_steps(result: TrialResult, data: RulesData) -> list[TraceStep]:
    trace, is_visible = result.trace, result.discord_block is None
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
