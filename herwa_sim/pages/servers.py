"""Server list and channel list: icons, categories, threads, members in voice channels."""

from collections.abc import Iterable

from herwa_shared.discord.constants import VIEW_CHANNEL, ChannelType
from herwa_sim import permissions
from herwa_sim.actions.voice import VOICE_CHANNEL_TYPES
from herwa_sim.entities import SimChannel, SimGuild, SimUser, SimVoiceState
from herwa_sim.pages.direct_messages import render_direct_link
from herwa_sim.pages.login_page import get_display_name, render_avatar
from herwa_sim.pages.markup import Markup, join_markup, tag
from herwa_sim.texts import channel as texts
from herwa_sim.world import World

_CHANNEL_ICONS = {ChannelType.NEWS: "📢", ChannelType.FORUM: "🗂", ChannelType.VOICE: "🔊", ChannelType.STAGE: "🎙"}
_MAX_THREADS = 5


def list_user_guilds(world: World, user_id: int) -> list[SimGuild]:
    """List the user's guilds: owned ones first, then by number of members, descending."""
    guilds = [guild for guild in world.guilds.values() if user_id in guild.members]
    return sorted(guilds, key=lambda guild: (guild.owner_id != user_id, -len(guild.members)))


def list_visible_channels(guild: SimGuild, user_id: int) -> list[SimChannel]:
    """List the channels that the member may view, in display order."""
    member = guild.members[user_id]
    channels = [
        channel
        for channel in guild.channels.values()
        if permissions.compute_channel_permissions(guild, channel, member) & VIEW_CHANNEL
    ]
    return sorted(channels, key=lambda channel: (channel.type in VOICE_CHANNEL_TYPES, channel.position))


def render_guild_icon(guild: SimGuild, side: int) -> Markup:
    """Render the guild's icon, or its initials if it has none."""
    if guild.icon is None:
        initials = "".join(name_part[0] for name_part in guild.name.split()[:3])
        return tag("span", initials, class_=f"icon side-{side}")
    url = f"/cdn/icons/{guild.id}/{guild.icon}.png?size=128"
    return tag("img", src=url, width=side, height=side, alt="", class_="icon")


def render_guild_list(world: World, user_id: int, current_guild: SimGuild) -> Markup:
    """Render the server column, with the direct message link on top and the chaos link below."""
    links = [
        tag(
            "a",
            render_guild_icon(guild, 48),
            href=f"/channels/{guild.id}",
            title=guild.name,
            aria_label=guild.name,
            aria_current="page" if guild is current_guild else None,
            id=f"g{guild.id}",
        )
        for guild in list_user_guilds(world, user_id)
    ]
    chaos_link = tag(
        "a",
        "⚡",
        href="/chaos",
        title=texts.SIMULATE_OUTAGES,
        aria_label=texts.SIMULATE_OUTAGES,
        class_="icon round",
        id="chaos",
    )
    direct_link = render_direct_link(world, user_id, is_current=current_guild.id == 0)
    return join_markup(direct_link, tag("hr", id="above"), links, tag("hr", id="below"), chaos_link)


def render_channel_list(world: World, guild: SimGuild, current_channel: SimChannel, user: SimUser) -> Markup:
    """Render channels by category, with threads and the members in voice channels."""
    channels = list_visible_channels(guild, user.id)
    categories = sorted(
        (channel for channel in channels if channel.type == ChannelType.CATEGORY), key=lambda channel: channel.position
    )
    groups: list[tuple[str | None, int | None]] = [
        (None, None),
        *((channel.name, channel.id) for channel in categories),
    ]
    category_ids = {channel.id for channel in categories}
    sections = []
    for name, id_ in groups:
        group_channels = [
            channel
            for channel in channels
            if channel.type != ChannelType.CATEGORY
            and (channel.parent_id if channel.parent_id in category_ids else None) == id_
        ]
        if group_channels:
            links = [_render_channel(world, guild, channel, current_channel, user) for channel in group_channels]
            sections.append(tag("section", tag("h3", name) if name else None, links, id=f"c{id_ or 0}"))
    return join_markup(sections)


def _render_channel(
    world: World, guild: SimGuild, channel: SimChannel, current_channel: SimChannel, user: SimUser
) -> Markup:
    if channel.type in VOICE_CHANNEL_TYPES:
        voice_states = [state for state in guild.voice.values() if state.channel_id == channel.id]
        join_button = tag(
            "button",
            tag("i", _CHANNEL_ICONS[channel.type]),
            channel.name,
            data_voice=channel.id,
            type="button",
            title=texts.format_join_voice(channel.name),
        )
        members = tag("ul", _render_voice_members(world, voice_states), class_="sitting") if voice_states else None
        is_joined = any(state.user_id == user.id for state in voice_states)
        return tag("div", join_button, members, class_="place mine" if is_joined else "place")
    threads = sorted(
        (thread for thread in guild.threads.values() if thread.parent_id == channel.id and not thread.archived),
        key=lambda thread: thread.last_message_id or thread.id,
        reverse=True,
    )
    shown_threads = [thread for thread in threads if thread is current_channel or thread in threads[:_MAX_THREADS]]
    return tag(
        "div",
        _render_link(channel, current_channel, sign=_CHANNEL_ICONS.get(channel.type, "#")),
        tag(
            "ul",
            [tag("li", _render_link(thread, current_channel, sign="↳")) for thread in shown_threads],
            class_="threads",
        )
        if shown_threads
        else None,
        class_="place",
    )


def _render_link(channel: SimChannel, current_channel: SimChannel, *, sign: str) -> Markup:
    current = "page" if channel is current_channel else None
    return tag(
        "a", tag("i", sign), channel.name, href=f"/channels/{channel.guild_id}/{channel.id}", aria_current=current
    )


def _render_voice_members(world: World, states: Iterable[SimVoiceState]) -> list[Markup]:
    return [
        tag(
            "li",
            render_avatar(world.get_user(state.user_id), 24),
            tag("span", get_display_name(world.get_user(state.user_id))),
            _render_voice_flags(state),
        )
        for state in states
    ]


def _render_voice_flags(state: SimVoiceState) -> list[Markup]:
    flags = (
        (state.streaming, texts.LIVE, texts.LIVE_TITLE, "live"),
        (state.video, "📹", texts.VIDEO, None),
        (state.muted, "🔇", texts.MUTED, None),
        (state.deafened, "🙉", texts.DEAFENED, None),
    )
    return [tag("i", icon, title=title, class_=class_name) for is_set, icon, title, class_name in flags if is_set]
