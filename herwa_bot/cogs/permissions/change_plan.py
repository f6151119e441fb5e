"""Plan changes of access rules: the change, its impact and whether to ask for confirmation."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import discord
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.channels import find_channel
from herwa_bot.access.targets import format_surfaces, truncate
from herwa_bot.cogs.permissions.effect_text import (
    describe_effect,
    describe_exceptions,
    describe_losses,
    format_sentence,
)
from herwa_bot.cogs.permissions.rule_draft import RuleDraft, build_member_subject, find_rule_subject
from herwa_bot.texts import buttons, errors
from herwa_bot.texts import permissions as texts
from herwa_bot.ui.confirmation import Change, ChangeResult, ConfirmOption
from herwa_bot.ui.escaping import escape
from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.impact import (
    HypotheticalMember,
    Impact,
    PolicyComparison,
    RulePlace,
    apply_rules,
    exclude_rule,
    list_exceptions,
)
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy, PlaceKind, SubjectKind
from herwa_shared.guardrail.targets import BROAD_TARGET_KINDS, Target
from herwa_shared.services.access_rules import (
    NewRule,
    RuleSaveResult,
    list_rules,
    remove_rule,
    replace_rule,
    to_access_rule,
)
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import lock_guild
from herwa_shared.services.rule_tests import build_role_permissions, require_passing_tests

MAX_LABEL_LENGTH = 80  # Discord's limit for the label of a button
BROAD_SUBJECT_KINDS = (SubjectKind.EVERYONE, SubjectKind.PERMISSION)


@dataclass(frozen=True, slots=True)
class ChangeContext:
    """The guild's current state and the member who wants to change it.

    `at` is in seconds since 1970.
    """

    guild: discord.Guild
    member_count: int
    actor: discord.Member
    policy: GuildPolicy
    surfaces: SurfaceRegistry
    at: float

    def compare(self, after: GuildPolicy, target: Target, place: RulePlace) -> PolicyComparison:
        """Compare the current policy with the one after a change."""
        return PolicyComparison(self.policy, after, target, place, self.surfaces, self.at)


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """A change to apply without confirmation, or a question with options if it needs one."""

    change: Change
    question: str = ""
    options: tuple[ConfirmOption, ...] = ()


def plan_save(context: ChangeContext, draft: RuleDraft) -> ChangePlan:
    """Plan saving a rule.

    It needs a confirmation if it is broad, if everyone may use the commands already, or if the actor would lose access
    or grant control over the rules.
    """
    comparison = _compare_drafts(context, [draft])
    effect_lines = _describe_draft(context, draft, comparison, is_done=False)
    warnings = describe_losses(texts.YOU, _compute_actor_impact(context, comparison), is_done=False)
    result_lines = _describe_draft(context, draft, comparison, is_done=True)
    save_change = build_save_change(context.guild, [draft.rule], result_lines)
    open_commands = _format_open_commands(draft, comparison)
    if not (draft.is_broad or open_commands or warnings or texts.RULE_CONTROL_WARNING in effect_lines):
        return ChangePlan(save_change)
    style = discord.ButtonStyle.primary if draft.rule.allow else discord.ButtonStyle.danger
    options = [ConfirmOption(buttons.SAVE_RULE, save_change, discord.ButtonStyle.secondary if open_commands else style)]
    if open_commands:
        options.insert(0, _build_exclusive_option(context, draft))
        warnings.append(texts.format_open_to_everyone(open_commands, escape(draft.subject.label)))
    sentence = format_sentence(to_access_rule(draft.rule))
    question = texts.format_question(texts.SAVE_QUESTION, sentence, [*effect_lines, *warnings])
    return ChangePlan(save_change, question, tuple(options))


def plan_removal(context: ChangeContext, rule: AccessRule) -> ChangePlan:
    """Plan removing a rule.

    It needs a confirmation if the rule is broad, or if the actor would lose access or grant control over the rules.
    """
    comparison = context.compare(
        exclude_rule(context.policy, rule),
        Target(rule.target_kind, rule.target_key),
        _resolve_place(context.guild, rule),
    )
    effect_lines = _describe_removal(context, rule, comparison, is_done=False)
    warnings = describe_losses(texts.YOU, _compute_actor_impact(context, comparison), is_done=False)
    change = build_remove_change(context.guild, rule, _describe_removal(context, rule, comparison, is_done=True))
    is_broad = rule.subject_kind in BROAD_SUBJECT_KINDS or rule.target_kind in BROAD_TARGET_KINDS
    if not (is_broad or warnings or texts.RULE_CONTROL_WARNING in effect_lines):
        return ChangePlan(change)
    option = ConfirmOption(buttons.DELETE_RULE, change, discord.ButtonStyle.danger)
    question = texts.format_question(texts.DELETE_QUESTION, format_sentence(rule), [*effect_lines, *warnings])
    return ChangePlan(change, question, (option,))


def build_save_change(guild: discord.Guild, rules: Sequence[NewRule], effect_lines: Sequence[str]) -> Change:
    """Build the change that saves rules in one transaction, unless it breaks tests of the rules.

    A saved rule replaces an existing rule with the same scope and the opposite effect: both together make no sense.
    """

    async def apply(session: AsyncSession, actor: Actor) -> ChangeResult:
        await lock_guild(session, guild.id)
        existing_rules = await list_rules(session, guild_id=guild.id, now=utc_now())
        lines: list[str] = []
        entry_ids: list[int] = []
        has_effect = False
        async with _run_rule_tests(session, guild):
            for rule in rules:
                replacement = await replace_rule(session, guild_id=guild.id, rule=rule, actor=actor)
                lines += _format_saved_rule(
                    rule,
                    replacement.saved,
                    existing_rules,
                    replacement.replaced,
                    related_rules=[to_access_rule(new_rule) for new_rule in rules],
                )
                entry_ids += replacement.entry_ids
                # else only its end or note changed
                has_effect = has_effect or replacement.saved.is_new or bool(replacement.replaced)
        return ChangeResult("\n".join([*lines, *(effect_lines if has_effect else ())]), tuple(entry_ids))

    return apply


def build_remove_change(guild: discord.Guild, rule: AccessRule, effect_lines: Sequence[str]) -> Change:
    """Build the change that removes a rule, unless it breaks tests of the rules."""

    async def apply(session: AsyncSession, actor: Actor) -> ChangeResult:
        await lock_guild(session, guild.id)
        async with _run_rule_tests(session, guild):
            entry_id = await remove_rule(session, guild_id=guild.id, rule_id=rule.id, actor=actor)
        lines = [texts.format_deleted(rule.id, format_sentence(rule)), *effect_lines]
        return ChangeResult("\n".join(lines), (entry_id,))

    return apply


def _run_rule_tests(session: AsyncSession, guild: discord.Guild) -> AbstractAsyncContextManager[None]:
    permissions = build_role_permissions({role.id: role.permissions.value for role in guild.roles}, guild.id)
    return require_passing_tests(session, guild_id=guild.id, permissions=permissions, now=utc_now())


def _build_exclusive_option(context: ChangeContext, draft: RuleDraft) -> ConfirmOption:
    """Build the option that saves the rule together with one that denies everyone else."""
    deny_draft = draft.build_counterpart()
    comparison = _compare_drafts(context, [draft, deny_draft])
    effect_lines = _describe_draft(context, deny_draft, comparison, is_done=True)
    return ConfirmOption(
        truncate(buttons.format_only(draft.subject.label), MAX_LABEL_LENGTH),
        build_save_change(context.guild, [draft.rule, deny_draft.rule], effect_lines),
    )


def _compare_drafts(context: ChangeContext, drafts: Sequence[RuleDraft]) -> PolicyComparison:
    """Compare the current policy with the one after saving drafts of the same target and place."""
    after = apply_rules(context.policy, [to_access_rule(draft.rule) for draft in drafts])
    return context.compare(after, drafts[0].target, drafts[0].place)


def _describe_removal(
    context: ChangeContext, rule: AccessRule, comparison: PolicyComparison, *, is_done: bool
) -> list[str]:
    """Describe the effect of deleting a rule on its subject; empty if the subject's permissions are unknown."""
    subject = find_rule_subject(context.guild, rule)
    if subject is None:
        return []
    impact = comparison.compute_impact(subject.representative)
    return describe_effect(subject, impact, expected=None, member_count=context.member_count, is_done=is_done)


def _describe_draft(
    context: ChangeContext, draft: RuleDraft, comparison: PolicyComparison, *, is_done: bool
) -> list[str]:
    """Describe the effect of a new rule on its subject, and the exceptions that remain.

    If the rule denies everyone, the effect on managers is described too.
    """
    subject, rule = draft.subject, to_access_rule(draft.rule)
    impact = comparison.compute_impact(subject.representative, expected=rule.allow)
    lines = describe_effect(subject, impact, expected=rule.allow, member_count=context.member_count, is_done=is_done)
    if subject.kind == SubjectKind.EVERYONE and not rule.allow:
        manager_impact = comparison.compute_impact(
            HypotheticalMember(permissions=subject.representative.permissions | MANAGE_GUILD)
        )
        lines += describe_losses(texts.MANAGERS, manager_impact.subtract(impact), is_done=is_done)
    overriding_ids = {override.id for override in impact.overriding_rules}
    other_rules = [exception for exception in list_exceptions(rule, comparison) if exception.id not in overriding_ids]
    return [*lines, *describe_exceptions(other_rules)]


def _compute_actor_impact(context: ChangeContext, comparison: PolicyComparison) -> Impact:
    """Compute the impact on the member who makes the change.

    It is empty for administrators, to whom rules do not apply.
    """
    actor = build_member_subject(context.guild, context.actor)
    return Impact() if actor.is_administrator else comparison.compute_impact(actor.representative)


def _format_open_commands(draft: RuleDraft, comparison: PolicyComparison) -> str:
    """Format the commands of an allow rule that everyone may use already.

    The text is empty if the rule denies, or if it is about everyone or administrators. Allowing such commands to one
    subject has an effect only if everyone else is denied.
    """
    if not draft.rule.allow or draft.subject.kind == SubjectKind.EVERYONE or draft.subject.is_administrator:
        return ""
    return format_surfaces(comparison.list_allowed_commands(HypotheticalMember()))


def _resolve_place(guild: discord.Guild, rule: AccessRule) -> RulePlace:
    """Get a saved rule's place with the current category of its channel."""
    channel = find_channel(guild, rule.place_id) if rule.place_kind == PlaceKind.CHANNEL else None
    return RulePlace(rule.place_kind, rule.place_id, (channel.category_id if channel else None) or 0)


def _format_saved_rule(
    rule: NewRule,
    saved_rule: RuleSaveResult,
    existing_rules: Sequence[AccessRule],
    replaced_rules: Sequence[AccessRule],
    *,
    related_rules: Sequence[AccessRule],
) -> list[str]:
    """Format the result of saving one rule: the rule, its old version, replaced rules."""
    sentence = format_sentence(to_access_rule(rule, id_=saved_rule.id), related_rules=related_rules)
    if saved_rule.entry_id is None:
        return [texts.format_same_rule(saved_rule.id, sentence), errors.NO_CHANGE]
    lines = [texts.format_saved(saved_rule.id, sentence, is_new=saved_rule.is_new)]
    lines += [
        texts.format_previous_version(format_sentence(existing_rule))
        for existing_rule in existing_rules
        if existing_rule.id == saved_rule.id
    ]
    lines += [
        texts.format_replaced(replaced_rule.id, format_sentence(replaced_rule)) for replaced_rule in replaced_rules
    ]
    return lines
