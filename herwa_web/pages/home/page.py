"""All my servers: how each does, and how to add the bot to one."""

import reflex as rx

from herwa_web.components.controls import change, face, icon, key, link, spark
from herwa_web.components.status_views import alone, bone, failed
from herwa_web.layout import shell
from herwa_web.pages.home.state import Home
from herwa_web.pages.home.view_models import CardShown, WaitingShown
from herwa_web.pages.landing import landing

FOLLOW_SECONDS = 5
ONLY_MANAGERS = (
    "Their numbers are for those who manage them: the owner, administrators, and roles with Manage Server. "
    "Ask one of them for such a role, or for a look."
)
SAME_HOURS = "Against the same hours of the day before"
CREATE_ONE = "Create a server in Discord, or get a role with Manage Server in another; then add Herwa to it here."
KEYS = (("/", "Find a server"), ("1 … 9", "Open one of the first nine"))


def home() -> rx.Component:
    """A visitor's first page, or one's own servers; until that is known whichever it was last time."""
    unknown = Home.phase == "unknown"
    return rx.fragment(
        rx.cond(
            unknown | (Home.phase == "visitor"),
            rx.el.div(landing(_notice()), class_name=rx.cond(unknown, "for-visitors", "")),
        ),
        rx.cond(Home.phase != "visitor", rx.el.div(_own(), class_name=rx.cond(unknown, "for-known", ""))),
    )


def _own() -> rx.Component:
    return shell(
        rx.match(
            Home.phase,
            ("ready", rx.cond(Home.cards.length() + Home.waiting.length() > 0, _cards(), _nothing())),
            ("failed", failed(Home.fault, Home.load)),
            _loading(),
        ),
        rx.el.div(
            rx.el.button(on_click=Home.refresh, custom_attrs={"data-every": str(FOLLOW_SECONDS)}, tab_index=-1),
            hidden=True,
        ),
        bar=_bar(),
        current="home",
        keys=KEYS,
    )


def _notice() -> rx.Component:
    return rx.cond(
        Home.log_in_is_set_up,
        rx.cond(
            Home.is_local,
            rx.el.p(
                "This copy runs with a Discord of its own: choose who to be, from an owner to a stranger.",
                class_name="note",
            ),
        ),
        rx.el.p("Log-in is not set up yet: set DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET.", class_name="banner note"),
    )


def _bar() -> rx.Component:
    return rx.el.header(
        rx.el.div(rx.el.h1("All my servers"), class_name="place"),
        rx.el.div(
            rx.el.label(
                icon("search", 17),
                rx.el.input(
                    type="search",
                    placeholder="Find a server",
                    aria_label="Find a server",
                    custom_attrs={"data-search": ".card", "data-key": "/"},
                ),
                key("/"),
                class_name="search phone-kept",
            ),
            class_name="tools",
        ),
        class_name="topbar",
    )


def _cards() -> rx.Component:
    return rx.fragment(
        rx.cond(Home.cards.length() > 0, rx.el.div(rx.foreach(Home.cards, _card), class_name="cards")),
        rx.cond(
            Home.waiting.length() > 0,
            rx.fragment(
                rx.el.h2("Servers without Herwa", class_name="section"),
                rx.el.div(rx.foreach(Home.waiting, _waiting), class_name="cards"),
            ),
        ),
        rx.el.p("None of your servers is called that.", class_name="blank unfound", role="status"),
    )


def _card(card: CardShown) -> rx.Component:
    return link(
        rx.el.div(
            face(card.picture, card.hue, card.initial, size=40),
            rx.el.div(
                rx.el.div(rx.el.bdi(card.name), class_name="name"),
                rx.el.div(
                    rx.cond(card.live, rx.el.span(class_name="pulse", aria_hidden="true")),
                    card.state,
                    class_name="live numbers",
                ),
                style={"minWidth": "0"},
            ),
            rx.cond(card.letter != "", rx.el.kbd(card.letter, class_name="key", aria_hidden="true")),
            class_name="card-head",
        ),
        rx.el.div(
            rx.cond(card.number != "", rx.el.b(card.number, class_name="numbers")),
            rx.el.span(card.words, class_name="words"),
            rx.cond(card.change != "", _change(card)),
            class_name="number",
        ),
        spark(card.line, card.area, height=40),
        href=card.href,
        class_name="card",
        attrs={"data-key": card.letter},
    )


def _change(card: CardShown) -> rx.Component:
    return rx.el.span(
        change(card.change, card.tone),
        rx.el.span(" against the same hours of the day before", class_name="unseen"),
        custom_attrs={"data-tip": SAME_HOURS},
    )


def _waiting(card: WaitingShown) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            face(card.picture, card.hue, card.initial, size=40),
            rx.el.div(rx.el.bdi(card.name), class_name="name"),
            class_name="card-head",
        ),
        rx.el.p("Herwa is not in this server yet. It starts counting the moment you add it."),
        rx.el.a(
            icon("plus", 17),
            "Add Herwa",
            rx.el.span(" to ", card.name, class_name="unseen"),
            to=card.invite,
            target="_blank",
            rel="noopener",
            class_name="button",
        ),
        class_name="card waiting",
    )


def _nothing() -> rx.Component:
    return alone(
        "server",
        "There is no server here that you manage",
        rx.cond(
            Home.member_of > 0,
            "You are a member of " + Home.member_of.to_string() + " servers. " + ONLY_MANAGERS,
            CREATE_ONE,
        ),
        actions=(
            rx.el.button(
                icon("rotate-cw", 16), "Ask Discord again", type="button", class_name="button main", on_click=Home.again
            ),
        ),
    )


def _loading() -> rx.Component:
    return rx.el.div(
        *(
            rx.el.div(
                rx.el.div(bone("40px", "40px"), bone("55%", "16px"), class_name="card-head"),
                bone("45%", "30px"),
                bone("100%", "44px"),
                class_name="card",
            )
            for _ in range(6)
        ),
        class_name="cards",
        aria_busy=True,
    )
