"""HTML forms of the authorization endpoint: user choice, consent, server choice."""

from aiohttp import web
from yarl import URL

from herwa_sim.context import SimContext
from herwa_sim.entities import SimGuild, SimUser
from herwa_sim.oauth.registration import SCOPE_DESCRIPTIONS, AuthorizationRequest
from herwa_sim.pages.base_page import render_page
from herwa_sim.pages.login_page import describe_memberships, get_display_name, render_avatar, render_user_choices
from herwa_sim.pages.markup import Child, Markup, join_markup, tag
from herwa_sim.pages.servers import render_guild_icon
from herwa_sim.pages.visitor import BrowserVisitor


def render_login(
    context: SimContext, authorization: AuthorizationRequest, visitor: BrowserVisitor, *, form_url: str
) -> web.Response:
    """Render the user choice; it includes the consent unless a server must be chosen next."""
    return _render_form(
        "Who do you want to be?",
        tag("p", tag("b", context.world.application.name), " wants to know who you are.", class_="lead"),
        render_user_choices(context.world, selected_id=visitor.user_id),
        None if authorization.wants_bot else _render_scopes(authorization),
        authorization=authorization,
        visitor=visitor,
        form_url=form_url,
        submit_label="Go on" if authorization.wants_bot else "Authorise",
    )


def render_consent(
    context: SimContext, authorization: AuthorizationRequest, visitor: BrowserVisitor, user: SimUser, *, form_url: str
) -> web.Response:
    """Render the consent form for a logged-in visitor."""
    return _render_form(
        f"{context.world.application.name} wants to know you",
        _render_user(context, user, form_url),
        _render_scopes(authorization),
        authorization=authorization,
        visitor=visitor,
        form_url=form_url,
        submit_label="Authorise",
    )


def render_add_bot(
    context: SimContext,
    authorization: AuthorizationRequest,
    visitor: BrowserVisitor,
    user: SimUser,
    servers: list[SimGuild],
    *,
    form_url: str,
) -> web.Response:
    """Render the choice of the server that gets the bot."""
    selected_id = authorization.guild_id if authorization.guild_id in {guild.id for guild in servers} else None
    options: Child = [
        _render_guild_choice(guild, selected=guild.id == selected_id or len(servers) == 1) for guild in servers
    ]
    empty_note = tag("p", "There is no server that you manage and that lacks the bot.", class_="empty")
    return _render_form(
        f"Add {context.world.application.name} to a server",
        _render_user(context, user, form_url),
        tag("div", options, class_="choices", role="radiogroup", aria_label="Server") if servers else empty_note,
        _render_scopes(authorization),
        authorization=authorization,
        visitor=visitor,
        form_url=form_url,
        submit_label="Authorise" if servers else None,
    )


def render_bot_added(context: SimContext, guild: SimGuild) -> web.Response:
    """Render the page after the bot was added without a redirect URI."""
    return render_page(
        "Done",
        tag("div", render_guild_icon(guild, 72), class_="crest"),
        tag("h1", f"{context.world.application.name} is now in {guild.name}"),
        tag("p", "It counts from now on. Open the dashboard to see it.", class_="lead"),
        tag("p", tag("a", "Open Herwa", href=context.registration.herwa_origin, class_="button"), class_="actions"),
        layout="card",
    )


def _render_form(
    title: str,
    *body: Child,
    authorization: AuthorizationRequest,
    visitor: BrowserVisitor,
    form_url: str,
    submit_label: str | None,
) -> web.Response:
    submit_button = (
        tag("button", submit_label, name="decision", value="authorize", class_="button") if submit_label else None
    )
    cancel = tag("button", "Cancel", name="decision", value="cancel", class_="button plain", formnovalidate=True)
    return render_page(
        title,
        tag("h1", title),
        tag(
            "form",
            tag("input", type="hidden", name="proof", value=visitor.csrf_token),
            *body,
            tag("p", submit_button, cancel, class_="actions"),
            method="post",
            action=form_url,
        ),
        tag(
            "p",
            "This is the local Discord of this computer: a play for trying Herwa, without passwords.",
            class_="hint",
        ),
        layout="card",
        script="people.js",
        form_action=f"'self' {authorization.redirect_origin}".strip(),
    )


def _render_user(context: SimContext, user: SimUser, form_url: str) -> Markup:
    url = URL(form_url)
    return tag(
        "div",
        render_avatar(user, 48),
        tag("span", tag("b", get_display_name(user)), tag("small", describe_memberships(context.world, user))),
        tag("a", "Switch", href=str(url.update_query(switch="1")), class_="switch"),
        class_="me",
    )


def _render_scopes(authorization: AuthorizationRequest) -> Markup:
    items = [tag("li", SCOPE_DESCRIPTIONS[scope]) for scope in authorization.scopes]
    return join_markup(tag("p", "It may:", class_="small"), tag("ul", items, class_="scopes"))


def _render_guild_choice(guild: SimGuild, *, selected: bool) -> Markup:
    return tag(
        "label",
        tag("input", type="radio", name="guild_id", value=guild.id, checked=selected, required=True),
        render_guild_icon(guild, 48),
        tag("span", tag("b", guild.name), tag("small", _format_member_count(len(guild.members)))),
        class_="choice",
    )


def _format_member_count(count: int) -> str:
    return "1 member" if count == 1 else f"{count:,} members"
