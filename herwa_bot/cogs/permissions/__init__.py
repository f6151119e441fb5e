"""`/permissions`: list and change the access rules: who may use what, where and until when."""

from collections.abc import Sequence
from typing import ClassVar
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.access_requests import RequestDecisionButton
from herwa_bot.access.channel_option import ChannelOption
from herwa_bot.access.expiry_parsing import list_expiry_choices
from herwa_bot.access.guard import get_guard
from herwa_bot.access.targets import filter_choices, find_target, list_permission_choices, list_target_choices
from herwa_bot.cogs.permissions.change_plan import ChangeContext, ChangePlan, plan_removal, plan_save
from herwa_bot.cogs.permissions.effect_text import format_sentence
from herwa_bot.cogs.permissions.list_text import build_decision_buttons, filter_active, filter_rules, format_rule_pages
from herwa_bot.cogs.permissions.rule_draft import MemberOrRole, build_draft, resolve_subject
from herwa_bot.texts import permissions as texts
from herwa_bot.ui.confirmation import UndoButton, apply_and_reply, ask_confirmation
from herwa_bot.ui.names import load_plain_names
from herwa_bot.ui.pagination import send_pages
from herwa_bot.ui.replies import defer_if_slow
from herwa_shared.catalog import Audience, FeatureKey
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound
from herwa_shared.guardrail.impact import EVERYWHERE, RulePlace
from herwa_shared.guardrail.policy import AccessRule
from herwa_shared.guardrail.targets import list_targets
from herwa_shared.services.access_requests import AccessRequestInfo, list_open_requests
from herwa_shared.services.access_rules import MAX_NOTE_LENGTH, list_rules
from herwa_shared.services.channels import find_guild_info
from herwa_shared.services.guilds import get_timezone
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.stores import Stores

COMMAND_GROUP = "permissions"

Choices = list[app_commands.Choice[str]]
Note = app_commands.Range[str, 1, MAX_NOTE_LENGTH]
PlaceArgument = app_commands.Transform[RulePlace, ChannelOption]


class PermissionsCog(commands.Cog):
    """Commands for access rules."""

    persistent_buttons: ClassVar = (UndoButton, RequestDecisionButton)
    group = app_commands.Group(
        name="permissions",
        description=texts.DESCRIPTION,
        extras={"feature": FeatureKey.PERMISSIONS, "audience": Audience.MANAGERS},
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="list", description=texts.LIST_DESCRIPTION)
    @app_commands.describe(**texts.LIST_OPTIONS)
    async def show(
        self, interaction: discord.Interaction, what: str | None = None, who: MemberOrRole | None = None
    ) -> None:
        """Show the open access requests, then the active rules; with a filter only rules."""
        guild, surfaces = interaction.guild, get_guard(interaction).surfaces
        assert guild is not None
        target = find_target(what, list_targets(surfaces)) if what else None
        subject = resolve_subject(guild, who, None) if who else None
        rules, requests = await defer_if_slow(interaction, self._load_rules_and_requests(guild.id), ephemeral=True)
        is_filtered = bool(what or who)
        visible_rules = filter_rules(rules, surfaces, target=target, subject=subject) if is_filtered else rules
        visible_requests = () if is_filtered else requests
        pages = format_rule_pages(guild.name, visible_rules, visible_requests, is_filtered=is_filtered)
        await send_pages(interaction, pages, extra_buttons=build_decision_buttons(guild.id, visible_requests))

    @group.command(name="allow", description=texts.ALLOW_DESCRIPTION)
    @app_commands.describe(**texts.OPTIONS)
    async def allow(
        self,
        interaction: discord.Interaction,
        what: str,
        who: MemberOrRole | None = None,
        holding: str | None = None,
        where: PlaceArgument | None = None,
        until: str | None = None,
        note: Note = "",
    ) -> None:
        """Save a rule that allows."""
        await self._save_rule(
            interaction, allow=True, what=what, who=who, holding=holding, place=where, until=until, note=note
        )

    @group.command(name="deny", description=texts.DENY_DESCRIPTION)
    @app_commands.describe(**texts.OPTIONS)
    async def deny(
        self,
        interaction: discord.Interaction,
        what: str,
        who: MemberOrRole | None = None,
        holding: str | None = None,
        where: PlaceArgument | None = None,
        until: str | None = None,
        note: Note = "",
    ) -> None:
        """Save a rule that denies."""
        await self._save_rule(
            interaction, allow=False, what=what, who=who, holding=holding, place=where, until=until, note=note
        )

    @group.command(name="remove", description=texts.REMOVE_DESCRIPTION)
    @app_commands.describe(rule=texts.OPTION_RULE)
    async def remove(self, interaction: discord.Interaction, rule: str) -> None:
        """Remove a rule by its number, which the list shows and autocomplete fills in."""
        assert interaction.guild_id is not None
        rules, _ = await self._load_rules_and_requests(interaction.guild_id)
        matching_rule = next(
            (candidate for candidate in rules if str(candidate.id) == rule.strip().removeprefix("#")), None
        )
        if matching_rule is None:
            raise NotFound(texts.RULE_NOT_FOUND)
        await self._apply_plan(interaction, plan_removal(await self._load_context(interaction), matching_rule))

    @allow.autocomplete("what")
    @deny.autocomplete("what")
    @show.autocomplete("what")
    async def _autocomplete_target(self, interaction: discord.Interaction, current: str) -> Choices:
        return list_target_choices(current, list_targets(get_guard(interaction).surfaces))

    @allow.autocomplete("holding")
    @deny.autocomplete("holding")
    async def _autocomplete_permission(self, _interaction: discord.Interaction, current: str) -> Choices:
        return list_permission_choices(current)

    @allow.autocomplete("until")
    @deny.autocomplete("until")
    async def _autocomplete_expiry(self, interaction: discord.Interaction, current: str) -> Choices:
        choices = list_expiry_choices(current, zone=await self._load_zone(interaction), now=utc_now())
        return [app_commands.Choice(name=choice.name, value=choice.value) for choice in choices]

    @remove.autocomplete("rule")
    async def _autocomplete_rule(self, interaction: discord.Interaction, current: str) -> Choices:
        reader = interaction.user
        assert isinstance(reader, discord.Member)
        rules, _ = await self._load_rules_and_requests(reader.guild.id)
        names = await load_plain_names(self._stores.database, reader, rules)
        return filter_choices(
            current, {str(rule.id): texts.format_choice(rule.id, format_sentence(rule, names)) for rule in rules}
        )

    async def _save_rule(
        self,
        interaction: discord.Interaction,
        *,
        allow: bool,
        what: str,
        who: MemberOrRole | None,
        holding: str | None,
        place: RulePlace | None,
        until: str | None,
        note: str,
    ) -> None:
        """Build a rule from the command's options and apply its plan."""
        context = await self._load_context(interaction)
        rule_draft = build_draft(
            allow=allow,
            subject=resolve_subject(context.guild, who, holding),
            target=find_target(what, list_targets(context.surfaces)),
            place=place or EVERYWHERE,
            until=until,
            note=note,
            zone=await self._load_zone(interaction),
            now=utc_now(),
        )
        await self._apply_plan(interaction, plan_save(context, rule_draft))

    async def _apply_plan(self, interaction: discord.Interaction, plan: ChangePlan) -> None:
        """Ask for confirmation if the plan has a question, else apply the change."""
        if plan.question:
            await ask_confirmation(interaction, self._stores, plan.question, plan.options, command_group=COMMAND_GROUP)
        else:
            await apply_and_reply(interaction, self._stores, plan.change, command_group=COMMAND_GROUP)

    async def _load_rules_and_requests(self, guild_id: int) -> tuple[Sequence[AccessRule], Sequence[AccessRequestInfo]]:
        """Load the active rules and the open access requests."""
        now = utc_now()
        async with self._stores.database.transaction() as session:
            rules = await list_rules(session, guild_id=guild_id, now=now)
            return filter_active(rules, at=now.timestamp()), await list_open_requests(session, guild_id=guild_id)

    async def _load_zone(self, interaction: discord.Interaction) -> ZoneInfo:
        assert interaction.guild_id is not None
        async with self._stores.database.transaction() as session:
            return await get_timezone(session, guild_id=interaction.guild_id)

    async def _load_context(self, interaction: discord.Interaction) -> ChangeContext:
        """Load the current policy from the database.

        The policy cache may be outdated, and the impact of a change must be exact.
        """
        guild, actor, guard = interaction.guild, interaction.user, get_guard(interaction)
        assert guild is not None
        assert isinstance(actor, discord.Member)
        async with self._stores.database.transaction() as session:
            policy = await load_policy(session, guild_id=guild.id, global_policy=await load_global_policy(session))
            guild_info = await find_guild_info(session, guild_id=guild.id)
        return ChangeContext(
            guild, guild_info.member_count if guild_info else 0, actor, policy, guard.surfaces, guard.get_time()
        )
