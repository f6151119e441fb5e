"""User panel at the bottom of the sidebar: identity, status, voice connection."""

from herwa_sim.entities import SimGuild, SimUser
from herwa_sim.pages.login_page import get_display_name, render_avatar
from herwa_sim.pages.markup import Markup, join_markup, tag
from herwa_sim.texts import channel as texts
from herwa_sim.world import World

_TOGGLES = (
    ("muted", "🎤", texts.MUTE),
    ("deafened", "🎧", texts.DEAFEN),
    ("streaming", "🖥", texts.STREAM),
    ("video", "📹", texts.VIDEO),
)


def render_user_panel(world: World, guild: SimGuild, user: SimUser) -> Markup:
    """Render the voice connection, if any, and the current user below it."""
    status = world.get_status(user.id)
    options = [tag("option", label, value=value, selected=value == status) for value, label in texts.STATUSES.items()]
    return join_markup(
        _render_voice_panel(world, guild, user),
        tag(
            "div",
            render_avatar(user, 36),
            tag(
                "span",
                tag("b", get_display_name(user)),
                tag("select", options, id="status", aria_label=texts.STATUS_LABEL),
            ),
            tag("a", texts.SWITCH_USER, href="/who", class_="switch", title=texts.SWITCH_USER_TITLE),
            class_=f"me {status}",
            id="mine",
        ),
    )


def _render_voice_panel(world: World, guild: SimGuild, user: SimUser) -> Markup | None:
    state = guild.voice.get(user.id)
    if state is None:
        return None
    buttons = [
        tag(
            "button",
            icon,
            data_toggle=name,
            type="button",
            title=label,
            aria_label=label,
            aria_pressed="true" if getattr(state, name) else "false",
        )
        for name, icon, label in _TOGGLES
    ]
    leave = tag("button", texts.LEAVE, data_voice="", type="button", class_="leave")
    channel_name = world.get_channel(state.channel_id).name
    return tag(
        "div",
        tag("p", tag("b", texts.VOICE_CONNECTED), tag("small", channel_name)),
        tag("p", buttons, leave, class_="row"),
        class_="connection",
        id="connection",
    )
