"""Whom one can be: the five who are always there, and everybody else by search."""

from aiohttp import web

from herwa_sim import permissions
from herwa_sim.context import parts_of
from herwa_sim.entities import Guild, User
from herwa_sim.pages.base_page import fragment
from herwa_sim.pages.markup import Markup, joined, tag
from herwa_sim.world import PERSONAS, World

ROLES = {id_: name for name, id_ in PERSONAS.items()}
_FOUND = 12
_NAMED = 3


async def search(request: web.Request) -> web.Response:
    """Cards of the people whose name has `q` in it, as a fragment."""
    wanted = request.query.get("q", "").strip().casefold()
    world = parts_of(request).world
    people = [one for one in world.users.values() if not one.bot and one.id not in ROLES and _is_called(one, wanted)]
    if not wanted or not people:
        return fragment(tag("p", f"Nobody is called {wanted}." if wanted else "", class_="hint"))
    return fragment(joined(choice(world, one) for one in people[:_FOUND]))


def choices(world: World, *, chosen: int | None) -> Markup:
    """The personas as cards to pick from, and a search for the rest."""
    picked = chosen or PERSONAS["owner"]
    others = [] if picked in ROLES else [choice(world, world.user(picked), chosen=True)]
    cards = [choice(world, world.user(id_), chosen=id_ == picked) for id_ in PERSONAS.values()]
    return joined(
        tag("div", cards, class_="choices", role="radiogroup", aria_label="Who to be"),
        tag(
            "details",
            tag("summary", "Somebody else"),
            tag("input", type="search", id="search", placeholder="Search people by name", aria_label="Search people"),
            tag("div", others, id="found", class_="choices"),
            open=bool(others),
        ),
    )


def choice(world: World, user: User, *, chosen: bool = False) -> Markup:
    """A card with a radio button: picture, name, and what they may."""
    return tag(
        "label",
        tag("input", type="radio", name="who", value=user.id, checked=chosen, required=True),
        portrait(user, 48),
        tag(
            "span",
            tag("b", name_of(user)),
            tag("i", ROLES[user.id], class_="tag") if user.id in ROLES else None,
            tag("small", standing(world, user)),
        ),
        class_="choice",
    )


def portrait(user: User, side: int) -> Markup:
    """The user's picture, of that many pixels."""
    return tag("img", src=face_url(user), width=side, height=side, alt="", class_="face")


def face_url(user: User) -> str:
    if user.avatar is None:
        return f"/cdn/embed/avatars/{(user.id >> 22) % 6}.png?size=96"
    return f"/cdn/avatars/{user.id}/{user.avatar}.png?size=96"


def name_of(user: User) -> str:
    return user.display_name or user.name


def standing(world: World, user: User) -> str:
    """What the user owns, manages and belongs to, in one line."""
    own = sorted((one for one in world.guilds.values() if user.id in one.members), key=lambda one: -len(one.members))
    owned = [one for one in own if one.owner_id == user.id]
    managed = [one for one in own if one not in owned and manages(one, user.id)]
    rest = [one for one in own if one not in owned and one not in managed]
    told = [
        f"{verb} {_listed(world, guilds)}"
        for verb, guilds in (("Owns", owned), ("Manages", managed), ("Member of", rest))
        if guilds
    ]
    if user.id == PERSONAS["operator"]:
        told.append("Runs this copy of Herwa")
    return " · ".join(told) or "In no server"


def manages(guild: Guild, user_id: int) -> bool:
    """True when Discord would let the user manage the guild, and so add a bot to it."""
    held = permissions.in_guild(guild, guild.members[user_id])
    return bool(held & (permissions.ADMINISTRATOR | permissions.MANAGE_GUILD))


def _listed(world: World, guilds: list[Guild]) -> str:
    names = [one.name if world.bot.id in one.members else f"{one.name} (no bot yet)" for one in guilds[:_NAMED]]
    more = len(guilds) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _is_called(user: User, wanted: str) -> bool:
    return wanted in user.name.casefold() or wanted in (user.display_name or "").casefold()
