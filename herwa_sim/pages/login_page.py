"""User choice: cards for the five personas, and a search for all other users."""

from aiohttp import web

from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_sim import permissions
from herwa_sim.context import get_context
from herwa_sim.entities import SimGuild, SimUser
from herwa_sim.pages.base_page import render_fragment
from herwa_sim.pages.markup import Markup, join_markup, tag
from herwa_sim.texts import users as texts
from herwa_sim.world import PERSONAS, World

PERSONA_NAMES = {id_: name for name, id_ in PERSONAS.items()}
_MAX_RESULTS = 12
_MAX_NAMED_GUILDS = 3


async def search_users(request: web.Request) -> web.Response:
    """Return cards of users whose name contains `q`, as a fragment."""
    query = request.query.get("q", "").strip().casefold()
    world = get_context(request).world
    users = [
        user
        for user in world.users.values()
        if not user.bot and user.id not in PERSONA_NAMES and _matches_name(user, query)
    ]
    if not query or not users:
        return render_fragment(tag("p", texts.format_no_match(query) if query else "", class_="hint"))
    return render_fragment(join_markup(render_user_choice(world, user) for user in users[:_MAX_RESULTS]))


def render_user_choices(world: World, *, selected_id: int | None) -> Markup:
    """Render the personas as radio cards, and a search for other users."""
    checked_id = selected_id or PERSONAS["owner"]
    others = (
        [] if checked_id in PERSONA_NAMES else [render_user_choice(world, world.get_user(checked_id), selected=True)]
    )
    cards = [render_user_choice(world, world.get_user(id_), selected=id_ == checked_id) for id_ in PERSONAS.values()]
    return join_markup(
        tag("div", cards, class_="choices", role="radiogroup", aria_label=texts.USER_GROUP),
        tag(
            "details",
            tag("summary", texts.OTHER_USERS),
            tag(
                "input",
                type="search",
                id="search",
                placeholder=texts.SEARCH_PLACEHOLDER,
                aria_label=texts.SEARCH_LABEL,
            ),
            tag("div", others, id="found", class_="choices"),
            open=bool(others),
        ),
    )


def render_user_choice(world: World, user: SimUser, *, selected: bool = False) -> Markup:
    """Render a radio card: avatar, name and memberships."""
    return tag(
        "label",
        tag("input", type="radio", name="who", value=user.id, checked=selected, required=True),
        render_avatar(user, 48),
        tag(
            "span",
            tag("b", get_display_name(user)),
            tag("i", PERSONA_NAMES[user.id], class_="tag") if user.id in PERSONA_NAMES else None,
            tag("small", describe_memberships(world, user)),
        ),
        class_="choice",
    )


def render_avatar(user: SimUser, side: int) -> Markup:
    """Render the user's avatar, `side` pixels wide and high."""
    return tag("img", src=build_avatar_url(user), width=side, height=side, alt="", class_="face")


def build_avatar_url(user: SimUser) -> str:
    """Return the CDN path of the user's avatar or default avatar."""
    if user.avatar is None:
        return f"/cdn/embed/avatars/{(user.id >> 22) % 6}.png?size=96"
    return f"/cdn/avatars/{user.id}/{user.avatar}.png?size=96"


def get_display_name(user: SimUser) -> str:
    """Return the user's display name, or their user name."""
    return user.display_name or user.name


def describe_memberships(world: World, user: SimUser) -> str:
    """Describe which guilds the user owns, manages and belongs to, in one line."""
    user_guilds = sorted(
        (guild for guild in world.guilds.values() if user.id in guild.members), key=lambda guild: -len(guild.members)
    )
    owned = [guild for guild in user_guilds if guild.owner_id == user.id]
    managed = [guild for guild in user_guilds if guild not in owned and can_manage(guild, user.id)]
    other_guilds = [guild for guild in user_guilds if guild not in owned and guild not in managed]
    parts = [
        texts.format_membership(verb, _format_guild_names(world, guilds))
        for verb, guilds in ((texts.OWNS, owned), (texts.MANAGES, managed), (texts.MEMBER_OF, other_guilds))
        if guilds
    ]
    if user.id == PERSONAS["operator"]:
        parts.append(texts.OPERATOR_OF_HERWA)
    return " · ".join(parts) or texts.IN_NO_SERVER


def can_manage(guild: SimGuild, user_id: int) -> bool:
    """True if Discord would let the user manage the guild and add a bot to it."""
    granted = permissions.compute_guild_permissions(guild, guild.members[user_id])
    return bool(granted & (ADMINISTRATOR | MANAGE_GUILD))


def _format_guild_names(world: World, guilds: list[SimGuild]) -> str:
    names = [
        guild.name if world.bot.id in guild.members else texts.format_without_bot(guild.name)
        for guild in guilds[:_MAX_NAMED_GUILDS]
    ]
    return texts.format_more(", ".join(names), len(guilds) - len(names))


def _matches_name(user: SimUser, query: str) -> bool:
    return query in user.name.casefold() or query in (user.display_name or "").casefold()
