"""`/permissions`: who may use what, where and until when."""

from collections.abc import Sequence
from typing import ClassVar
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from herwa_bot.access.access_requests import AnswerButton
from herwa_bot.access.channel_option import EVERYWHERE, Place, PlaceOption
from herwa_bot.access.expiry_parsing import until_choices
from herwa_bot.access.guard import guard_of
from herwa_bot.access.targets import find_target, offered, permission_choices, target_choices, targets
from herwa_bot.cogs.permissions.change_plan import Plan, Scene, plan_removing, plan_saving
from herwa_bot.cogs.permissions.list_text import about, answer_buttons, live, rule_pages
from herwa_bot.cogs.permissions.rule_draft import Chosen, draft, whom_of
from herwa_bot.cogs.permissions.texts import sentence
from herwa_bot.ui.confirmation import UndoButton, ask, change
from herwa_bot.ui.mentions import spoken_names
from herwa_bot.ui.pagination import show_pages
from herwa_bot.ui.replies import patiently
from herwa_shared.catalog import Audience, FeatureKey
from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound
from herwa_shared.guardrail.policy import AccessRule
from herwa_shared.services.access_requests import Request, open_requests
from herwa_shared.services.access_rules import LONGEST_NOTE, list_rules
from herwa_shared.services.channels import guild_facts
from herwa_shared.services.guilds import guild_zone
from herwa_shared.services.policies import load_offer, load_policy
from herwa_shared.stores import Stores

NOUN = "permissions"

Choices = list[app_commands.Choice[str]]
Note = app_commands.Range[str, 1, LONGEST_NOTE]
Where = app_commands.Transform[Place, PlaceOption]

DESCRIBED = {
    "what": "Everything, a module, a feature or a command",
    "who": "A role or a member; everyone when you choose nothing",
    "holding": "Instead of who: members with this Discord permission",
    "where": "A channel or a category; everywhere when you choose nothing",
    "until": "How long or until when, as 2h, 3d, 2026-12-24 or 2026-12-24 18:00",
    "note": "Why; those whom the rule refuses read it, too",
}


class Permissions(commands.Cog):
    """Access rules."""

    persistent: ClassVar = (UndoButton, AnswerButton)
    group = app_commands.Group(
        name="permissions",
        description="Who may use what, and where",
        extras={"feature": FeatureKey.PERMISSIONS, "audience": Audience.MANAGERS},
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="list", description="Show who may use what, and who asks for it")
    @app_commands.describe(
        what="Only rules that concern this", who="Only rules that concern this role or member, also as one of everyone"
    )
    async def show(self, interaction: discord.Interaction, what: str | None = None, who: Chosen | None = None) -> None:
        """Open questions on top, then the rules that are in force."""
        guild, surfaces = interaction.guild, guard_of(interaction).surfaces
        assert guild is not None
        target = find_target(what, targets(surfaces)) if what else None
        whom = whom_of(guild, who, None) if who else None
        rules, requests = await patiently(interaction, self._found(guild.id), ephemeral=True)
        narrowed = bool(what or who)
        shown = about(rules, surfaces, target=target, whom=whom) if narrowed else rules
        asked = () if narrowed else requests
        pages = rule_pages(guild.name, shown, asked, narrowed=narrowed)
        await show_pages(interaction, pages, beside=answer_buttons(guild.id, asked))

    @group.command(name="allow", description="Let somebody use something")
    @app_commands.describe(**DESCRIBED)
    async def allow(
        self,
        interaction: discord.Interaction,
        what: str,
        who: Chosen | None = None,
        holding: str | None = None,
        where: Where | None = None,
        until: str | None = None,
        note: Note = "",
    ) -> None:
        """A rule that allows."""
        await self._save(
            interaction, allow=True, what=what, who=who, holding=holding, where=where, until=until, note=note
        )

    @group.command(name="deny", description="Keep somebody from using something")
    @app_commands.describe(**DESCRIBED)
    async def deny(
        self,
        interaction: discord.Interaction,
        what: str,
        who: Chosen | None = None,
        holding: str | None = None,
        where: Where | None = None,
        until: str | None = None,
        note: Note = "",
    ) -> None:
        """A rule that denies."""
        await self._save(
            interaction, allow=False, what=what, who=who, holding=holding, where=where, until=until, note=note
        )

    @group.command(name="remove", description="Take a rule away")
    @app_commands.describe(rule="The rule, or its number")
    async def remove(self, interaction: discord.Interaction, rule: str) -> None:
        """By its number, which the list shows and the choices carry."""
        assert interaction.guild_id is not None
        rules, _ = await self._found(interaction.guild_id)
        found = next((one for one in rules if str(one.id) == rule.strip().removeprefix("#")), None)
        if found is None:
            raise NotFound("There is no such rule here any more: `/permissions list` shows those that there are.")
        await self._carry_out(interaction, plan_removing(await self._scene(interaction), found))

    @allow.autocomplete("what")
    @deny.autocomplete("what")
    @show.autocomplete("what")
    async def _what(self, interaction: discord.Interaction, typed: str) -> Choices:
        return target_choices(typed, targets(guard_of(interaction).surfaces))

    @allow.autocomplete("holding")
    @deny.autocomplete("holding")
    async def _holding(self, _interaction: discord.Interaction, typed: str) -> Choices:
        return permission_choices(typed)

    @allow.autocomplete("until")
    @deny.autocomplete("until")
    async def _until(self, interaction: discord.Interaction, typed: str) -> Choices:
        choices = until_choices(typed, zone=await self._zone(interaction), now=utc_now())
        return [app_commands.Choice(name=one.name, value=one.value) for one in choices]

    @remove.autocomplete("rule")
    async def _rule(self, interaction: discord.Interaction, typed: str) -> Choices:
        reader = interaction.user
        assert isinstance(reader, discord.Member)
        rules, _ = await self._found(reader.guild.id)
        async with self._stores.database.transaction() as session:
            names = await spoken_names(session, reader, rules)
        return offered(typed, {str(rule.id): f"#{rule.id} {sentence(rule, names)}" for rule in rules})

    async def _save(
        self,
        interaction: discord.Interaction,
        *,
        allow: bool,
        what: str,
        who: Chosen | None,
        holding: str | None,
        where: Place | None,
        until: str | None,
        note: str,
    ) -> None:
        scene = await self._scene(interaction)
        drafted = draft(
            allow=allow,
            whom=whom_of(scene.guild, who, holding),
            target=find_target(what, targets(scene.surfaces)),
            place=where or EVERYWHERE,
            until=until,
            note=note,
            zone=await self._zone(interaction),
            now=utc_now(),
        )
        await self._carry_out(interaction, plan_saving(scene, drafted))

    async def _carry_out(self, interaction: discord.Interaction, plan: Plan) -> None:
        if plan.question:
            await ask(interaction, self._stores, plan.question, plan.ways, noun=NOUN)
        else:
            await change(interaction, self._stores, plan.change, noun=NOUN)

    async def _found(self, guild_id: int) -> tuple[Sequence[AccessRule], Sequence[Request]]:
        """The rules in force and the open questions."""
        now = utc_now()
        async with self._stores.database.transaction() as session:
            rules = await list_rules(session, guild_id=guild_id, now=now)
            return live(rules, at=now.timestamp()), await open_requests(session, guild_id=guild_id)

    async def _zone(self, interaction: discord.Interaction) -> ZoneInfo:
        assert interaction.guild_id is not None
        async with self._stores.database.transaction() as session:
            return await guild_zone(session, guild_id=interaction.guild_id)

    async def _scene(self, interaction: discord.Interaction) -> Scene:
        """The rules of this moment: what a change would do is told exactly."""
        guild, actor, guard = interaction.guild, interaction.user, guard_of(interaction)
        assert guild is not None
        assert isinstance(actor, discord.Member)
        async with self._stores.database.transaction() as session:
            policy = await load_policy(session, guild_id=guild.id, offer=await load_offer(session))
            facts = await guild_facts(session, guild_id=guild.id)
        return Scene(guild, facts.member_count if facts else 0, actor, policy, guard.surfaces, guard.now())
