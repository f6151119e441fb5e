"""The forms as people see them: who to be, what the client may know, and which server gets the bot."""

from aiohttp import web
from yarl import URL

from herwa_sim.context import Parts
from herwa_sim.entities import Guild, User
from herwa_sim.oauth.registration import SCOPES, Question
from herwa_sim.pages.base_page import page
from herwa_sim.pages.login_page import choices, name_of, portrait, standing
from herwa_sim.pages.markup import Child, Markup, joined, tag
from herwa_sim.pages.servers import server_icon
from herwa_sim.pages.visitor import Visitor


def who(parts: Parts, question: Question, visitor: Visitor, *, address: str) -> web.Response:
    """Pick a person; when no server has to be chosen afterwards, that is also the consent."""
    return _form(
        "Who do you want to be?",
        tag("p", tag("b", parts.world.application.name), " wants to know who you are.", class_="lead"),
        choices(parts.world, chosen=visitor.user_id),
        None if question.wants_bot else _wants(question),
        question=question,
        visitor=visitor,
        address=address,
        agree="Go on" if question.wants_bot else "Authorise",
    )


def consent(parts: Parts, question: Question, visitor: Visitor, user: User, *, address: str) -> web.Response:
    """The visitor is known: only yes or no is left."""
    return _form(
        f"{parts.world.application.name} wants to know you",
        _me(parts, user, address),
        _wants(question),
        question=question,
        visitor=visitor,
        address=address,
        agree="Authorise",
    )


def add_bot(
    parts: Parts, question: Question, visitor: Visitor, user: User, servers: list[Guild], *, address: str
) -> web.Response:
    """Which of the person's servers gets the bot."""
    wanted = question.guild_id if question.guild_id in {one.id for one in servers} else None
    offered: Child = [_server(one, chosen=one.id == wanted or len(servers) == 1) for one in servers]
    nothing = tag("p", "There is no server that you manage and that lacks the bot.", class_="empty")
    return _form(
        f"Add {parts.world.application.name} to a server",
        _me(parts, user, address),
        tag("div", offered, class_="choices", role="radiogroup", aria_label="Server") if servers else nothing,
        _wants(question),
        question=question,
        visitor=visitor,
        address=address,
        agree="Authorise" if servers else None,
    )


def done(parts: Parts, guild: Guild) -> web.Response:
    """The bot is in, and there is no address to go back to."""
    return page(
        "Done",
        tag("div", server_icon(guild, 72), class_="crest"),
        tag("h1", f"{parts.world.application.name} is now in {guild.name}"),
        tag("p", "It counts from now on. Open the dashboard to see it.", class_="lead"),
        tag("p", tag("a", "Open Herwa", href=parts.registration.home, class_="button"), class_="actions"),
        layout="card",
    )


def _form(
    title: str, *body: Child, question: Question, visitor: Visitor, address: str, agree: str | None
) -> web.Response:
    agreeing = tag("button", agree, name="decision", value="authorize", class_="button") if agree else None
    cancel = tag("button", "Cancel", name="decision", value="cancel", class_="button plain", formnovalidate=True)
    return page(
        title,
        tag("h1", title),
        tag(
            "form",
            tag("input", type="hidden", name="proof", value=visitor.proof),
            *body,
            tag("p", agreeing, cancel, class_="actions"),
            method="post",
            action=address,
        ),
        tag(
            "p",
            "This is the local Discord of this computer: a play for trying Herwa, without passwords.",
            class_="hint",
        ),
        layout="card",
        script="people.js",
        form_action=f"'self' {question.site}".strip(),
    )


def _me(parts: Parts, user: User, address: str) -> Markup:
    url = URL(address)
    return tag(
        "div",
        portrait(user, 48),
        tag("span", tag("b", name_of(user)), tag("small", standing(parts.world, user))),
        tag("a", "Switch", href=str(url.update_query(switch="1")), class_="switch"),
        class_="me",
    )


def _wants(question: Question) -> Markup:
    told = [tag("li", SCOPES[scope]) for scope in question.scopes]
    return joined(tag("p", "It may:", class_="small"), tag("ul", told, class_="scopes"))


def _server(guild: Guild, *, chosen: bool) -> Markup:
    return tag(
        "label",
        tag("input", type="radio", name="guild_id", value=guild.id, checked=chosen, required=True),
        server_icon(guild, 48),
        tag("span", tag("b", guild.name), tag("small", _counted(len(guild.members)))),
        class_="choice",
    )


def _counted(members: int) -> str:
    return "1 member" if members == 1 else f"{members:,} members"
