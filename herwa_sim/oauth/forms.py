"""HTML forms of the authorization endpoint: user choice, consent, server choice."""

from aiohttp import web
from yarl import URL

from herwa_sim.context import SimContext
from herwa_sim.entities import SimGuild, SimUser
from herwa_sim.oauth.registration import AuthorizationRequest
from herwa_sim.pages.base_page import render_page
from herwa_sim.pages.login_page import describe_memberships, get_display_name, render_avatar, render_user_choices
from herwa_sim.pages.markup import Child, Markup, join_markup, tag
from herwa_sim.pages.servers import render_guild_icon
from herwa_sim.pages.visitor import BrowserVisitor
from herwa_sim.texts import authorization as texts
from herwa_sim.texts import users


def render_login(
    context: SimContext, authorization: AuthorizationRequest, visitor: BrowserVisitor, *, form_url: str
) -> web.Response:
    """Render the user choice; it includes the consent unless a server must be chosen next."""
    return _render_form(
        users.CHOOSE_USER,
        tag("p", tag("b", context.world.application.name), texts.WANTS_ACCESS, class_="lead"),
        render_user_choices(context.world, selected_id=visitor.user_id),
        None if authorization.wants_bot else _render_scopes(context, authorization),
        authorization=authorization,
        visitor=visitor,
        form_url=form_url,
        submit_label=texts.CONTINUE if authorization.wants_bot else texts.AUTHORIZE,
    )


def render_consent(
    context: SimContext, authorization: AuthorizationRequest, visitor: BrowserVisitor, user: SimUser, *, form_url: str
) -> web.Response:
    """Render the consent form for a logged-in visitor."""
    return _render_form(
        texts.format_consent_title(context.world.application.name),
        _render_user(context, user, form_url),
        _render_scopes(context, authorization),
        authorization=authorization,
        visitor=visitor,
        form_url=form_url,
        submit_label=texts.AUTHORIZE,
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
    empty_note = tag("p", texts.NO_SERVER_TO_ADD, class_="empty")
    return _render_form(
        texts.format_add_bot_title(context.world.application.name),
        _render_user(context, user, form_url),
        tag("div", options, class_="choices", role="radiogroup", aria_label=texts.SERVER_GROUP)
        if servers
        else empty_note,
        _render_scopes(context, authorization),
        authorization=authorization,
        visitor=visitor,
        form_url=form_url,
        submit_label=texts.AUTHORIZE if servers else None,
    )


def render_bot_added(context: SimContext, guild: SimGuild) -> web.Response:
    """Render the page after the bot was added without a redirect URI."""
    return render_page(
        texts.DONE_TITLE,
        tag("div", render_guild_icon(guild, 72), class_="crest"),
        tag("h1", texts.format_bot_added(context.world.application.name, guild.name)),
        tag("p", texts.DONE_LEAD, class_="lead"),
        tag("p", tag("a", texts.OPEN_HERWA, href=context.registration.herwa_origin, class_="button"), class_="actions"),
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
    cancel = tag("button", texts.CANCEL, name="decision", value="cancel", class_="button plain", formnovalidate=True)
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
        tag("p", texts.SIMULATION_HINT, class_="hint"),
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
        tag("a", texts.SWITCH_USER, href=str(url.update_query(switch="1")), class_="switch"),
        class_="me",
    )


def _render_scopes(context: SimContext, authorization: AuthorizationRequest) -> Markup:
    items = [tag("li", texts.SCOPE_DESCRIPTIONS[scope]) for scope in authorization.scopes]
    title = texts.format_scopes_title(context.world.application.name)
    return join_markup(tag("p", title, class_="small"), tag("ul", items, class_="scopes"))


def _render_guild_choice(guild: SimGuild, *, selected: bool) -> Markup:
    return tag(
        "label",
        tag("input", type="radio", name="guild_id", value=guild.id, checked=selected, required=True),
        render_guild_icon(guild, 48),
        tag("span", tag("b", guild.name), tag("small", texts.format_member_count(len(guild.members)))),
        class_="choice",
    )
