"""`/channels`: where something may run."""

from collections.abc import Collection, Iterator, Sequence
from typing import ClassVar

import discord
from discord import app_commands
from discord.ext import commands
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_bot.access.channel_option import Place, PlaceOption
from herwa_bot.access.guard import guard_of
from herwa_bot.access.targets import HIT_BY_MANY, Served, Target, find_target, named, served, target_choices, targets
from herwa_bot.ui.confirmation import ALREADY, Change, Done, UndoButton, Way, ask, change
from herwa_bot.ui.mentions import MENTIONS
from herwa_bot.ui.pagination import pages_of, show_pages
from herwa_bot.ui.replies import patiently, plain
from herwa_shared.catalog import Audience, FeatureKey, Surfaces
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import ChannelList, TargetKind
from herwa_shared.guardrail.texts import title_of
from herwa_shared.services import channel_lists
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import hold_guild
from herwa_shared.stores import Stores

NOUN = "channels"
HOW = (
    "-# The most specific list decides: command over feature over module over everything. Threads follow their channel."
)
NO_LISTS = "No list yet: everything may run in every channel. `/channels allow` begins one."
NAMED = 20  # places in one breath

Choices = list[app_commands.Choice[str]]


class Channels(commands.Cog):
    """Channel lists."""

    persistent: ClassVar = (UndoButton,)
    group = app_commands.Group(
        name="channels",
        description="Where something may run",
        extras={"feature": FeatureKey.CHANNELS, "audience": Audience.MANAGERS},
    )

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    @group.command(name="list", description="Show what is kept to which channels")
    async def show(self, interaction: discord.Interaction) -> None:
        """Every list of the server, the widest first."""
        assert interaction.guild is not None
        found = await patiently(interaction, self._lists(interaction.guild.id), ephemeral=True)
        entries = [line for one in sorted(found, key=_width) for line in _lines(one)] or [NO_LISTS]
        await show_pages(interaction, pages_of(f"**Channel lists of {plain(interaction.guild.name)}**\n{HOW}", entries))

    @group.command(name="allow", description="Keep something to certain channels: add one to its list")
    @app_commands.describe(
        what="Everything, a module, a feature or a command",
        where="A channel with its threads, or a category with all of its channels",
    )
    async def allow(
        self, interaction: discord.Interaction, what: str, where: app_commands.Transform[Place, PlaceOption]
    ) -> None:
        """The first channel of a list shuts it everywhere else, which is asked about where it hits many."""
        assert interaction.guild_id is not None
        surfaces = guard_of(interaction).surfaces
        target = find_target(what, targets(surfaces))
        if not served(target, surfaces):
            raise BadRequest(f"{_title(target)} has no command, so that it cannot be kept to a channel.")
        begun = _of(target, await self._lists(interaction.guild_id))
        work = _allowing(interaction.guild_id, target, where)
        if begun is None and (target.kind in HIT_BY_MANY or _of_managers(target, surfaces)):
            way = Way(f"Keep {title_of(target.kind, target.key)} there", work, discord.ButtonStyle.danger)
            await ask(interaction, self._stores, _question(target, where, surfaces), [way], noun=NOUN)
        else:
            await change(interaction, self._stores, work, noun=NOUN)

    @group.command(name="clear", description="Let something run in every channel again")
    @app_commands.describe(what="What has a list")
    async def clear(self, interaction: discord.Interaction, what: str) -> None:
        """Takes the whole list away; the answer's button brings it back."""
        assert interaction.guild_id is not None
        found = await self._lists(interaction.guild_id)
        listed = [Target(one.target_kind, one.target_key) for one in found]  # also what Herwa no longer has
        target = find_target(what, (*targets(guard_of(interaction).surfaces), *listed))
        if target not in listed:
            raise NotFound(f"There is no list for {title_of(target.kind, target.key)}: it may run in every channel.")
        await change(interaction, self._stores, _clearing(interaction.guild_id, target), noun=NOUN)

    @allow.autocomplete("what")
    async def _what(self, interaction: discord.Interaction, typed: str) -> Choices:
        surfaces = guard_of(interaction).surfaces
        return target_choices(typed, (target for target in targets(surfaces) if served(target, surfaces)))

    @clear.autocomplete("what")
    async def _listed(self, interaction: discord.Interaction, typed: str) -> Choices:
        assert interaction.guild_id is not None
        compiled = await guard_of(interaction).policy(interaction.guild_id)
        found = sorted(compiled.policy.lists, key=_width) if compiled else []
        return target_choices(typed, (Target(one.target_kind, one.target_key) for one in found))

    async def _lists(self, guild_id: int) -> Sequence[ChannelList]:
        async with self._stores.database.transaction() as session:
            return await channel_lists.lists(session, guild_id=guild_id)


def _allowing(guild_id: int, target: Target, where: Place) -> Change:
    async def work(session: AsyncSession, actor: Actor) -> Done:
        begun = await _held(session, guild_id, target)
        entry = await channel_lists.allow(
            session,
            guild_id=guild_id,
            target_kind=target.kind,
            target_key=target.key,
            place_ids=[where.id],
            actor=actor,
        )
        before = _places(begun.place_ids) if begun else "every channel"
        if entry is None:
            return Done(f"{_title(target)} may run in {_mention(where.id)} already. {ALREADY}")
        now = _places({where.id, *(begun.place_ids if begun else ())})
        return Done(f"{_title(target)} may run only in {now} now.\nBefore: in {before}.", (entry,))

    return work


def _clearing(guild_id: int, target: Target) -> Change:
    async def work(session: AsyncSession, actor: Actor) -> Done:
        begun = await _held(session, guild_id, target)
        entry = await channel_lists.clear(
            session, guild_id=guild_id, target_kind=target.kind, target_key=target.key, actor=actor
        )
        if begun is None or entry is None:
            return Done(f"{_title(target)} has no list any more. {ALREADY}")
        wider = "" if target.kind == TargetKind.EVERYTHING else "\n-# Where a wider target has a list, that decides."
        words = f"{_title(target)} may run in every channel again.\nBefore: only in {_places(begun.place_ids)}.{wider}"
        return Done(words, (entry,))

    return work


async def _held(session: AsyncSession, guild_id: int, target: Target) -> ChannelList | None:
    """The list as nobody else can change it until the commit."""
    await hold_guild(session, guild_id)
    return _of(target, await channel_lists.lists(session, guild_id=guild_id))


def _question(target: Target, where: Place, surfaces: Surfaces) -> str:
    """What beginning a list for many commands, or for those of managers, would do."""
    lines = [
        f"**Keep {title_of(target.kind, target.key)} to {_mention(where.id)}?**",
        "Before: it may run in every channel. Afterwards: only there, unless a narrower list says otherwise.",
        f"These commands follow: {named(served(target, surfaces))}.",
    ]
    if theirs := _of_managers(target, surfaces):
        lines.append(f"⚠️ Members with Manage Server could then use {named(theirs)} nowhere else.")
    lines.append("-# It holds for everybody but the owner and administrators. `/channels allow` adds more channels.")
    return "\n".join(lines)


def _of_managers(target: Target, surfaces: Surfaces) -> Served:
    """What it covers of the commands by which a server is managed, these among them."""
    return tuple(one for one in served(target, surfaces) if one.audience is Audience.MANAGERS)


def _of(target: Target, found: Sequence[ChannelList]) -> ChannelList | None:
    return next((one for one in found if (one.target_kind, one.target_key) == (target.kind, target.key)), None)


def _lines(one: ChannelList) -> Iterator[str]:
    """All of its places; a long list takes several entries."""
    title, places = _title(Target(one.target_kind, one.target_key)), sorted(one.place_ids)
    for start in range(0, len(places), NAMED):
        further = " (more)" if start else ""
        yield f"{title}{further}: {_places(places[start : start + NAMED])}"


def _width(one: ChannelList) -> tuple[int, str]:
    return list(TargetKind).index(one.target_kind), one.target_key


def _title(target: Target) -> str:
    words = title_of(target.kind, target.key)
    return words[0].upper() + words[1:]


def _places(ids: Collection[int]) -> str:
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(map(_mention, sorted(ids)[:NAMED])) + more


def _mention(place_id: int) -> str:
    return MENTIONS.channel(place_id)
