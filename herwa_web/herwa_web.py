"""The application: every page, put together."""

import reflex as rx

from herwa_web.pages.blank import NOT_FOR_SEARCHERS, blank
from herwa_web.pages.blank import ROUTE as BLANK_ROUTE
from herwa_web.pages.guild.overview import ROUTE, overview
from herwa_web.pages.guild.state import Overview
from herwa_web.pages.home.page import home
from herwa_web.pages.home.state import Home
from herwa_web.pages.login import LogIn, login
from herwa_web.reflex_setup import protect
from herwa_web.theme import STYLESHEETS, variables

ABOUT = "What happens in your Discord server, counted. Never what is said."

app = rx.App(
    stylesheets=STYLESHEETS,
    html_lang="en",
    head_components=[
        variables(),
        rx.el.link(rel="icon", href="/logo.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
        rx.el.script(src="/herwa.js"),
    ],
)
app.add_page(home, route="/", title="Herwa", description=ABOUT, on_load=Home.load)
app.add_page(login, route="/login", title="Log in · Herwa", on_load=LogIn.read)
app.add_page(overview, route=ROUTE, title="Overview · Herwa", on_load=Overview.load)
app.add_page(blank, route=BLANK_ROUTE, title="Herwa", meta=NOT_FOR_SEARCHERS)
protect(app)
