"""The lower left corner: who one is, how one is, and one's voice connection."""

from herwa_sim.entities import Guild, User
from herwa_sim.pages.login_page import name_of, portrait
from herwa_sim.pages.markup import Markup, joined, tag
from herwa_sim.world import World

_STATUSES = {"online": "Online", "idle": "Idle", "dnd": "Do not disturb", "offline": "Offline"}
_TOGGLES = (
    ("muted", "🎤", "Mute"),
    ("deafened", "🎧", "Deafen"),
    ("streaming", "🖥", "Stream"),
    ("video", "📹", "Video"),
)


def own_panel(world: World, guild: Guild, me: User) -> Markup:
    """The voice connection, if there is one, above the person."""
    now = world.status(me.id)
    options = [tag("option", label, value=value, selected=value == now) for value, label in _STATUSES.items()]
    return joined(
        _voice(world, guild, me),
        tag(
            "div",
            portrait(me, 36),
            tag("span", tag("b", name_of(me)), tag("select", options, id="status", aria_label="Status")),
            tag("a", "Switch", href="/who", class_="switch", title="Be somebody else"),
            class_=f"me {now}",
            id="mine",
        ),
    )


def _voice(world: World, guild: Guild, me: User) -> Markup | None:
    state = guild.voice.get(me.id)
    if state is None:
        return None
    buttons = [
        tag(
            "button",
            sign,
            data_toggle=name,
            type="button",
            title=label,
            aria_label=label,
            aria_pressed="true" if getattr(state, name) else "false",
        )
        for name, sign, label in _TOGGLES
    ]
    leave = tag("button", "Leave", data_voice="", type="button", class_="leave")
    place = world.channel(state.channel_id).name
    return tag(
        "div",
        tag("p", tag("b", "Voice connected"), tag("small", place)),
        tag("p", buttons, leave, class_="row"),
        class_="connection",
        id="connection",
    )
