"""The Reflex application: every page with its route and load handler."""

import reflex as rx

from herwa_web import texts
from herwa_web.pages.guild.overview import ROUTE, overview_page
from herwa_web.pages.guild.state import OverviewState
from herwa_web.pages.home.page import home_page
from herwa_web.pages.home.state import HomeState
from herwa_web.pages.login import LoginState, login_page
from herwa_web.pages.not_found import not_found_page
from herwa_web.reflex_setup import configure_app, create_app
from herwa_web.theme import STYLESHEETS, css_variables

app = create_app(
    stylesheets=STYLESHEETS,
    head_components=[
        css_variables(),
        rx.el.link(rel="icon", href="/logo.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
        rx.el.script(src="/connection.js"),  # before Reflex opens its WebSocket
        rx.el.script(src="/herwa.js"),  # before the first paint
        rx.el.script(src="/menus.js", defer=True),
        rx.el.script(src="/tooltips.js", defer=True),
    ],
)
app.add_page(
    home_page,
    route="/",
    title=rx.cond(HomeState.phase == "ready", texts.HOME_TAB, texts.APP_NAME),
    description=texts.APP_DESCRIPTION,
    on_load=HomeState.load,
)
app.add_page(login_page, route="/login", title=texts.LOGIN_TAB, on_load=LoginState.read)
app.add_page(
    overview_page,
    route=ROUTE,
    title=rx.cond(
        OverviewState.server.name != "",
        texts.build_page_title(OverviewState.server.name, texts.OVERVIEW),
        texts.OVERVIEW_TAB,
    ),
    on_load=OverviewState.load,
)
app.add_page(not_found_page, route="404", title=texts.NOT_FOUND_TAB)
configure_app(app)
