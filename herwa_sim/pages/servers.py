"""The servers of a person: icons, and channels by category with who sits in the voice ones."""

from collections.abc import Iterable

from herwa_sim import permissions
from herwa_sim.actions.voice import SPOKEN
from herwa_sim.entities import Channel, ChannelType, Guild, User, VoiceState
from herwa_sim.pages.direct_messages import entry
from herwa_sim.pages.login_page import name_of, portrait
from herwa_sim.pages.markup import Markup, joined, tag
from herwa_sim.world import World

_SIGNS = {ChannelType.NEWS: "📢", ChannelType.FORUM: "🗂", ChannelType.VOICE: "🔊", ChannelType.STAGE: "🎙"}
_THREADS_SHOWN = 5


def own_guilds(world: World, user_id: int) -> list[Guild]:
    """The servers of that user, the largest first."""
    own = [one for one in world.guilds.values() if user_id in one.members]
    return sorted(own, key=lambda one: (one.owner_id != user_id, -len(one.members)))


def visible_channels(guild: Guild, user_id: int) -> list[Channel]:
    """The channels that the member may see, in the order of the list."""
    member = guild.members[user_id]
    seen = [one for one in guild.channels.values() if permissions.in_channel(guild, one, member) & permissions.VIEW]
    return sorted(seen, key=lambda one: (one.type in SPOKEN, one.position))


def server_icon(guild: Guild, side: int) -> Markup:
    """The guild's picture, or its initials where it has none."""
    if guild.icon is None:
        initials = "".join(word[0] for word in guild.name.split()[:3])
        return tag("span", initials, class_=f"icon side-{side}")
    url = f"/cdn/icons/{guild.id}/{guild.icon}.png?size=128"
    return tag("img", src=url, width=side, height=side, alt="", class_="icon")


def rail(world: World, user_id: int, here: Guild) -> Markup:
    """The column of servers, below what the bot has told the user alone."""
    links = [
        tag(
            "a",
            server_icon(one, 48),
            href=f"/channels/{one.id}",
            title=one.name,
            aria_label=one.name,
            aria_current="page" if one is here else None,
            id=f"g{one.id}",
        )
        for one in own_guilds(world, user_id)
    ]
    chaos = tag("a", "⚡", href="/chaos", title="Make things go wrong", class_="icon round", id="chaos")
    top = entry(world, user_id, here=here.id == 0)
    return joined(top, tag("hr", id="above"), links, tag("hr", id="below"), chaos)


def channel_list(world: World, guild: Guild, here: Channel, me: User) -> Markup:
    """Channels by category, threads below their channel, people below their voice channel."""
    seen = visible_channels(guild, me.id)
    categories = sorted((one for one in seen if one.type == ChannelType.CATEGORY), key=lambda one: one.position)
    groups: list[tuple[str | None, int | None]] = [(None, None), *((one.name, one.id) for one in categories)]
    known = {one.id for one in categories}
    shown = []
    for name, id_ in groups:
        inside = [
            one
            for one in seen
            if one.type != ChannelType.CATEGORY and (one.parent_id if one.parent_id in known else None) == id_
        ]
        if inside:
            links = [_channel(world, guild, one, here, me) for one in inside]
            shown.append(tag("section", tag("h3", name) if name else None, links, id=f"c{id_ or 0}"))
    return joined(shown)


def _channel(world: World, guild: Guild, one: Channel, here: Channel, me: User) -> Markup:
    if one.type in SPOKEN:
        sitting = [state for state in guild.voice.values() if state.channel_id == one.id]
        join = tag(
            "button", tag("i", _SIGNS[one.type]), one.name, data_voice=one.id, type="button", title=f"Join {one.name}"
        )
        people = tag("ul", _sitting(world, sitting), class_="sitting") if sitting else None
        mine = any(state.user_id == me.id for state in sitting)
        return tag("div", join, people, class_="place mine" if mine else "place")
    threads = sorted(
        (each for each in guild.threads.values() if each.parent_id == one.id and not each.archived),
        key=lambda each: each.last_message_id or each.id,
        reverse=True,
    )
    below = [each for each in threads if each is here or each in threads[:_THREADS_SHOWN]]
    return tag(
        "div",
        _link(one, here, sign=_SIGNS.get(one.type, "#")),
        tag("ul", [tag("li", _link(each, here, sign="↳")) for each in below], class_="threads") if below else None,
        class_="place",
    )


def _link(one: Channel, here: Channel, *, sign: str) -> Markup:
    current = "page" if one is here else None
    return tag("a", tag("i", sign), one.name, href=f"/channels/{one.guild_id}/{one.id}", aria_current=current)


def _sitting(world: World, states: Iterable[VoiceState]) -> list[Markup]:
    return [
        tag("li", portrait(world.user(one.user_id), 24), tag("span", name_of(world.user(one.user_id))), _signs(one))
        for one in states
    ]


def _signs(state: VoiceState) -> list[Markup]:
    told = (
        (state.streaming, "LIVE", "live"),
        (state.video, "📹", "Video"),
        (state.muted, "🔇", "Muted"),
        (state.deafened, "🙉", "Deafened"),
    )
    return [
        tag("i", sign, title=title, class_="live" if sign == "LIVE" else None) for true, sign, title in told if true
    ]
