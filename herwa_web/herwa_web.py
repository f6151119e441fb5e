"""The Reflex application: every page with its route and load handler."""

import reflex as rx

from herwa_web.pages.guild.overview import ROUTE, overview_page
from herwa_web.pages.guild.state import OverviewState
from herwa_web.pages.home.page import home_page
from herwa_web.pages.home.state import HomeState
from herwa_web.pages.login import LoginState, login_page
from herwa_web.reflex_setup import configure_app
from herwa_web.theme import STYLESHEETS, css_variables

DESCRIPTION = "What happens in your Discord server, counted. Never what is said."

app = rx.App(
    stylesheets=STYLESHEETS,
    html_lang="en",
    head_components=[
        css_variables(),
        rx.el.link(rel="icon", href="/logo.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
        rx.el.script(src="/herwa.js"),
    ],
)
app.add_page(home_page, route="/", title="Herwa", description=DESCRIPTION, on_load=HomeState.load)
app.add_page(login_page, route="/login", title="Log in · Herwa", on_load=LoginState.read)
app.add_page(overview_page, route=ROUTE, title="Overview · Herwa", on_load=OverviewState.load)
configure_app(app)
