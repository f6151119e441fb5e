"""The messages of a channel as a member sees them, those that only they can see among them."""

from datetime import datetime, timedelta
from itertools import pairwise

from herwa_sim.context import Parts
from herwa_sim.entities import Channel, Guild, Message, User
from herwa_sim.interactions import is_ephemeral
from herwa_sim.pages.components import component_rows
from herwa_sim.pages.login_page import name_of, portrait
from herwa_sim.pages.markdown import markdown
from herwa_sim.pages.markup import Markup, joined, tag
from herwa_sim.pages.message_content import attachments, embeds
from herwa_sim.pages.page_context import guild_of
from herwa_sim.serialize.messages import LOADING
from herwa_sim.snowflakes import digest
from herwa_sim.world import World

QUICK = ("👍", "❤️", "😂", "🎉", "👀", "🌱")
_TOGETHER = timedelta(minutes=7)
_MOST_WORDS = 40


def timeline(parts: Parts, channel: Channel, me: User) -> Markup:
    """All that is known of the channel, oldest first, as keyed elements."""
    guild = guild_of(parts.world, channel)
    hidden = parts.interactions.seen_by(me.id, channel.id)
    messages = sorted((*parts.world.messages[channel.id], *hidden), key=lambda one: one.id)
    if not messages:
        return tag("p", _silence(channel), class_="empty", id="m0")
    shown = [_day(messages[0].sent_at), _message(parts.world, guild, messages[0], me, whole=True)]
    for before, message in pairwise(messages):
        new_day = before.sent_at.date() != message.sent_at.date()
        if new_day:
            shown.append(_day(message.sent_at))
        whole = new_day or not _continues(before, message)
        shown.append(_message(parts.world, guild, message, me, whole=whole))
    return joined(shown)


def _silence(channel: Channel) -> str:
    if channel.is_direct:
        return f"{channel.name} has not written to you yet. What it tells you alone comes here."
    return f"Nothing has been said in #{channel.name} yet."


def _continues(before: Message, message: Message) -> bool:
    apart = message.sent_at - before.sent_at
    alone = message.reply_to or message.source or before.source
    return before.author_id == message.author_id and apart < _TOGETHER and not alone


def _day(moment: datetime) -> Markup:
    shown = tag("time", f"{moment:%d %B %Y}", datetime=moment.date().isoformat())
    return tag("div", shown, class_="day", id=f"d{moment:%Y%m%d}")


def _message(world: World, guild: Guild, message: Message, me: User, *, whole: bool) -> Markup:
    author = _author(world, message)
    hidden = is_ephemeral(message)
    time = tag("time", f"{message.sent_at:%H:%M}", datetime=message.sent_at.isoformat())
    badge = tag("i", "APP", class_="badge") if author.bot else None
    head = tag("header", tag("b", _called(guild, author)), badge, time) if whole else None
    classes = ["message"] + ["whole"] * whole + ["hidden"] * hidden
    return tag(
        "article",
        _reference(world, guild, message),
        portrait(author, 40) if whole else tag("span", time, class_="face"),
        tag("div", head, _content(world, guild, message, me), class_="body"),
        None if hidden else _tools(message, me),
        class_=" ".join(classes),
        id=f"m{message.id}",
        data_message=message.id,
        data_author=name_of(author),
        data_content=message.content if message.author_id == me.id else None,
        tabindex=0,
    )


def _content(world: World, guild: Guild, message: Message, me: User) -> Markup:
    if message.flags & LOADING:
        return tag("p", f"{world.bot.name} is thinking", tag("span", class_="dots"), class_="thinking")
    said = _filler(message) if message.content is None else markdown(world, guild, message.content)
    edited = tag("small", "(edited)", class_="edited") if message.edited_at else None
    return joined(
        tag("div", said, edited, class_="text") if message.content or message.content is None else None,
        attachments(message),
        embeds(world, guild, message),
        component_rows(world, guild, message),
        _reactions(world, message, me),
        _only_you(message) if is_ephemeral(message) else None,
    )


def _filler(message: Message) -> Markup:
    """Bars in the place of words: nobody reads what the people of this Discord say, there is only so much of it."""
    words: list[Markup] = []
    left, step = message.length, 0
    while left > 0 and len(words) < _MOST_WORDS:
        size = min(2 + digest(message.id, step) % 8, left)
        words.append(tag("i", class_=f"w{size}"))
        left, step = left - size - 1, step + 1
    more = "…" if left > 0 else None
    label = f"{message.length} characters that nobody reads"
    return tag("span", words, more, class_="filler", role="img", aria_label=label, title=label)


def _reference(world: World, guild: Guild, message: Message) -> Markup | None:
    """What a message answers: another one, or a member's command."""
    if message.source is not None and message.source.type == 2:
        asker = world.user(message.source.user_id)
        asked = (tag("b", _called(guild, asker)), " used ", tag("span", f"/{message.source.name}", class_="mention"))
        return tag("div", portrait(asker, 16), asked, class_="reference")
    if message.reply_to is None:
        return None
    original = world.find_message(message.channel_id, message.reply_to)
    if original is None:
        return tag("div", "An older message", class_="reference")
    author = _author(world, original)
    said = original.content if original.content is not None else f"{original.length} characters"
    return tag("div", portrait(author, 16), tag("b", _called(guild, author)), " ", said[:120], class_="reference")


def _reactions(world: World, message: Message, me: User) -> Markup | None:
    chips = [
        tag(
            "span",
            emoji.split(":")[0] if ":" in emoji else emoji,
            tag("b", len(users)),
            title=", ".join(name_of(world.user(one)) for one in users[:10] if one in world.users),
            class_="count mine" if me.id in users else "count",
            data_react=emoji,
            role="button",
            tabindex=0,
        )
        for emoji, users in message.reactions.items()
        if users
    ]
    return tag("div", chips, class_="reactions") if chips else None


def _only_you(message: Message) -> Markup:
    dismiss = tag("button", "Dismiss message", class_="link", data_do="dismiss", type="button")
    return tag("small", "Only you can see this · ", dismiss, class_="only", data_message=message.id)


def _tools(message: Message, me: User) -> Markup:
    emoji = [tag("button", one, data_react=one, type="button", aria_label=f"React with {one}") for one in QUICK]
    named = [("reply", "Reply", "↩"), ("thread", "Open a thread here", "⌗")]
    if not message.guild_id:
        emoji, named = [], named[:1]
    if message.author_id == me.id:
        named += [("edit", "Edit", "✎"), ("delete", "Delete", "✕")]
    buttons = [
        tag("button", sign, data_do=name, type="button", title=label, aria_label=label) for name, label, sign in named
    ]
    return tag("div", emoji, buttons, class_="tools")


def _author(world: World, message: Message) -> User:
    if message.webhook_id and message.webhook_id in world.webhooks:
        return User(message.webhook_id, world.webhooks[message.webhook_id].name, bot=True)
    return world.users.get(message.author_id) or User(message.author_id, "Somebody who is gone")


def _called(guild: Guild, user: User) -> str:
    member = guild.members.get(user.id)
    return (member.nick if member else None) or name_of(user)
