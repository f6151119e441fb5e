"""Message timeline of a channel, including the user's ephemeral messages."""

from datetime import datetime, timedelta
from itertools import pairwise

from herwa_shared.discord.constants import JOIN_MESSAGE_TYPE, LOADING_FLAG
from herwa_sim.context import SimContext
from herwa_sim.entities import SimChannel, SimGuild, SimMessage, SimUser
from herwa_sim.interactions import is_ephemeral
from herwa_sim.pages.components import render_components
from herwa_sim.pages.login_page import get_display_name, render_avatar
from herwa_sim.pages.markdown import render_markdown
from herwa_sim.pages.markup import Markup, join_markup, tag
from herwa_sim.pages.message_content import render_attachments, render_embeds
from herwa_sim.pages.page_context import get_guild
from herwa_sim.snowflakes import digest
from herwa_sim.texts import channel as texts
from herwa_sim.world import MAX_SHOWN_MESSAGES, World

QUICK_REACTIONS = ("👍", "❤️", "😂", "🎉", "👀", "🌱")
_GROUPING_PERIOD = timedelta(minutes=7)
_MAX_FILLER_BARS = 40


def render_timeline(context: SimContext, channel: SimChannel, user: SimUser) -> Markup:
    """Render all stored messages, oldest first, as elements with stable ids."""
    guild = get_guild(context.world, channel)
    ephemeral = context.interactions.list_ephemeral(user.id, channel.id)
    recent = list(context.world.messages[channel.id])[-MAX_SHOWN_MESSAGES:]
    messages = sorted((*recent, *ephemeral), key=lambda entry: entry.id)
    if not messages:
        return tag("p", _format_empty_note(channel), class_="empty", id="m0")
    elements = [
        _render_day(messages[0].sent_at),
        _render_message(context.world, guild, messages[0], user, is_group_start=True),
    ]
    for previous, message in pairwise(messages):
        new_day = previous.sent_at.date() != message.sent_at.date()
        if new_day:
            elements.append(_render_day(message.sent_at))
        is_group_start = new_day or not _is_continuation(previous, message)
        elements.append(_render_message(context.world, guild, message, user, is_group_start=is_group_start))
    return join_markup(elements)


def _format_empty_note(channel: SimChannel) -> str:
    if channel.is_direct:
        return texts.format_no_direct_messages(channel.name)
    return texts.format_no_messages(channel.name)


def _is_continuation(previous: SimMessage, message: SimMessage) -> bool:
    gap = message.sent_at - previous.sent_at
    is_standalone = message.reply_to or message.source or previous.source
    return previous.author_id == message.author_id and gap < _GROUPING_PERIOD and not is_standalone


def _render_day(moment: datetime) -> Markup:
    label = tag("time", f"{moment:%d %B %Y}", datetime=moment.date().isoformat())
    return tag("div", label, class_="day", id=f"d{moment:%Y%m%d}")


def _render_message(
    world: World, guild: SimGuild, message: SimMessage, user: SimUser, *, is_group_start: bool
) -> Markup:
    author = _get_author(world, message)
    ephemeral = is_ephemeral(message)
    time = tag("time", f"{message.sent_at:%H:%M}", datetime=message.sent_at.isoformat())
    badge = tag("i", texts.APP_BADGE, class_="badge") if author.bot else None
    head = tag("header", tag("b", _get_member_name(guild, author)), badge, time) if is_group_start else None
    classes = ["message"] + ["whole"] * is_group_start + ["hidden"] * ephemeral
    return tag(
        "article",
        _render_reference(world, guild, message),
        render_avatar(author, 40) if is_group_start else tag("span", time, class_="face"),
        tag("div", head, _render_content(world, guild, message, user), class_="body"),
        None if ephemeral else _render_tools(message, user),
        class_=" ".join(classes),
        id=f"m{message.id}",
        data_message=message.id,
        data_author=get_display_name(author),
        data_content=message.content if message.author_id == user.id else None,
        tabindex=0,
    )


def _render_content(world: World, guild: SimGuild, message: SimMessage, user: SimUser) -> Markup:
    if message.flags & LOADING_FLAG:
        return tag("p", texts.format_thinking(world.bot.name), tag("span", class_="dots"), class_="thinking")
    content = texts.JOINED_SERVER if message.type == JOIN_MESSAGE_TYPE else message.content
    text = _render_filler(message) if content is None else render_markdown(world, guild, content)
    edited = tag("small", texts.EDITED, class_="edited") if message.edited_at else None
    return join_markup(
        tag("div", text, edited, class_="text") if content or content is None else None,
        render_attachments(message),
        render_embeds(world, guild, message),
        render_components(world, guild, message),
        _render_reactions(world, message, user),
        _render_ephemeral_note(message) if is_ephemeral(message) else None,
    )


def _render_filler(message: SimMessage) -> Markup:
    """Render bars instead of filler text, which has a length but no meaning."""
    bars: list[Markup] = []
    remaining, index = message.length, 0
    while remaining > 0 and len(bars) < _MAX_FILLER_BARS:
        size = min(2 + digest(message.id, index) % 8, remaining)
        bars.append(tag("i", class_=f"w{size}"))
        remaining, index = remaining - size - 1, index + 1
    ellipsis = "…" if remaining > 0 else None
    label = texts.format_generated_text(message.length)
    return tag("span", bars, ellipsis, class_="filler", role="img", aria_label=label, title=label)


def _render_reference(world: World, guild: SimGuild, message: SimMessage) -> Markup | None:
    """Render what the message responds to: another message, or a command of a member."""
    if message.source is not None and message.source.type == 2:
        invoker = world.get_user(message.source.user_id)
        usage = (
            tag("b", _get_member_name(guild, invoker)),
            texts.USED,
            tag("span", f"/{message.source.name}", class_="mention"),
        )
        return tag("div", render_avatar(invoker, 16), usage, class_="reference")
    if message.reply_to is None:
        return None
    original = world.find_message(message.channel_id, message.reply_to)
    if original is None:
        return tag("div", texts.OLDER_MESSAGE, class_="reference")
    author = _get_author(world, original)
    excerpt = original.content if original.content is not None else texts.format_length(original.length)
    return tag(
        "div",
        render_avatar(author, 16),
        tag("b", _get_member_name(guild, author)),
        " ",
        excerpt[:120],
        class_="reference",
    )


def _render_reactions(world: World, message: SimMessage, user: SimUser) -> Markup | None:
    chips = [
        tag(
            "span",
            emoji.split(":")[0] if ":" in emoji else emoji,
            tag("b", len(user_ids)),
            title=", ".join(
                get_display_name(world.get_user(user_id)) for user_id in user_ids[:10] if user_id in world.users
            ),
            class_="count mine" if user.id in user_ids else "count",
            data_react=emoji,
            role="button",
            tabindex=0,
        )
        for emoji, user_ids in message.reactions.items()
        if user_ids
    ]
    return tag("div", chips, class_="reactions") if chips else None


def _render_ephemeral_note(message: SimMessage) -> Markup:
    dismiss = tag("button", texts.DISMISS, class_="link", data_do="dismiss", type="button")
    return tag("small", texts.ONLY_YOU, dismiss, class_="only", data_message=message.id)


def _render_tools(message: SimMessage, user: SimUser) -> Markup:
    emoji = [
        tag("button", reaction, data_react=reaction, type="button", aria_label=texts.format_react_with(reaction))
        for reaction in QUICK_REACTIONS
    ]
    tools = [("reply", texts.REPLY, "↩"), ("thread", texts.CREATE_THREAD, "⌗")]
    if not message.guild_id:
        emoji, tools = [], tools[:1]
    if message.author_id == user.id:
        tools += [("edit", texts.EDIT, "✎"), ("delete", texts.DELETE, "✕")]
    buttons = [
        tag("button", icon, data_do=name, type="button", title=label, aria_label=label) for name, label, icon in tools
    ]
    return tag("div", emoji, buttons, class_="tools")


def _get_author(world: World, message: SimMessage) -> SimUser:
    if message.webhook_id and message.webhook_id in world.webhooks:
        return SimUser(message.webhook_id, world.webhooks[message.webhook_id].name, bot=True)
    return world.users.get(message.author_id) or SimUser(message.author_id, texts.DELETED_USER)


def _get_member_name(guild: SimGuild, user: SimUser) -> str:
    member = guild.members.get(user.id)
    return (member.nick if member else None) or get_display_name(user)
