"""Home page: a card with key numbers for each server, and links to add the bot to others."""

import reflex as rx

from herwa_web import texts
from herwa_web.components.controls import avatar, delta, icon, key_hint, link, sparkline
from herwa_web.components.policy_links import policy_links
from herwa_web.components.status_views import empty_state, load_error_view, skeleton
from herwa_web.layout import page_layout
from herwa_web.pages.home.state import HomeState
from herwa_web.pages.home.view_models import CardView, InviteCardView
from herwa_web.pages.landing import landing_page
from herwa_web.pages.policies import texts as policy_texts

REFRESH_INTERVAL_SECONDS = 5
SHORTCUTS = (("/", texts.FIND_SERVER), ("1 … 9", texts.OPEN_FIRST_NINE))


def home_page() -> rx.Component:
    """Render the landing page for visitors and the server list for logged-in users.

    Until the session is known, herwa.js selects the one that this browser showed last (`herwa.known` in localStorage).
    """
    is_unknown = HomeState.phase == "unknown"
    return rx.fragment(
        rx.cond(
            is_unknown | (HomeState.phase == "visitor"),
            rx.el.div(landing_page(_login_notice()), class_name=rx.cond(is_unknown, "for-visitors", "")),
        ),
        rx.cond(
            HomeState.phase != "visitor", rx.el.div(_server_list(), class_name=rx.cond(is_unknown, "for-known", ""))
        ),
    )


def _server_list() -> rx.Component:
    return page_layout(
        _refresh_error(),
        rx.match(
            HomeState.phase,
            (
                "ready",
                rx.cond(HomeState.cards.length() + HomeState.invite_cards.length() > 0, _card_grid(), _no_servers()),
            ),
            ("failed", load_error_view(HomeState.error_text, HomeState.load)),
            _card_skeletons(),
        ),
        rx.el.div(
            rx.el.button(
                on_click=HomeState.refresh, custom_attrs={"data-every": str(REFRESH_INTERVAL_SECONDS)}, tab_index=-1
            ),
            hidden=True,
        ),
        top_bar=_top_bar(),
        current="home",
        shortcuts=SHORTCUTS,
    )


def _refresh_error() -> rx.Component:
    """Render a banner if the last refresh failed and older numbers are shown."""
    return rx.cond(
        (HomeState.phase == "ready") & (HomeState.error_text != ""),
        rx.el.div(
            icon("clock-alert", 18),
            rx.el.span(HomeState.error_text),
            rx.el.button(texts.TRY_AGAIN, type="button", class_name="button small", on_click=HomeState.refresh),
            role="status",
            class_name="banner",
        ),
    )


def _login_notice() -> rx.Component:
    return rx.cond(
        HomeState.is_login_configured,
        rx.cond(
            HomeState.is_local,
            rx.el.p(texts.DEMO_NOTICE, class_name="note"),
        ),
        rx.el.p(texts.LOGIN_NOT_CONFIGURED, ". ", texts.LOGIN_SETTINGS, class_name="banner note"),
    )


def _top_bar() -> rx.Component:
    return rx.el.header(
        rx.el.div(rx.el.h1(texts.MY_SERVERS), class_name="place"),
        rx.el.div(
            rx.el.label(
                icon("search", 17),
                rx.el.input(
                    type="search",
                    placeholder=texts.FIND_SERVER,
                    aria_label=texts.FIND_SERVER,
                    auto_complete="off",
                    custom_attrs={"data-search": ".card", "data-key": "/"},
                ),
                key_hint("/"),
                class_name="search",
            ),
            class_name="tools",
        ),
        class_name="topbar",
    )


def _card_grid() -> rx.Component:
    return rx.fragment(
        rx.cond(HomeState.cards.length() > 0, rx.el.div(rx.foreach(HomeState.cards, _card), class_name="cards")),
        rx.cond(
            HomeState.invite_cards.length() > 0,
            rx.fragment(
                rx.el.h2(texts.ADD_HEADING, class_name="section"),
                rx.el.p(policy_texts.INVITE_NOTE, *policy_links(), class_name="policy-links"),
                rx.el.div(rx.foreach(HomeState.invite_cards, _invite_card), class_name="cards"),
            ),
        ),
        rx.el.p(
            texts.NO_MATCH_START,
            rx.el.bdi(custom_attrs={"data-query": ""}),
            texts.NO_MATCH_END,
            class_name="blank unfound",
            role="status",
        ),
    )


def _card(card: CardView) -> rx.Component:
    return link(
        rx.el.div(
            avatar(card.picture, card.hue, card.initial, size=40),
            rx.el.div(
                rx.el.div(rx.el.bdi(card.name), class_name="name"),
                rx.el.div(
                    rx.cond(card.is_live, rx.el.span(class_name="pulse", aria_hidden="true")),
                    card.status_text,
                    class_name="live numbers",
                ),
                style={"minWidth": "0"},
            ),
            rx.cond(card.letter != "", rx.el.kbd(card.letter, class_name="key", aria_hidden="true")),
            class_name="card-head",
        ),
        rx.el.div(
            rx.cond(card.value != "", rx.el.b(card.value, class_name="numbers")),
            rx.el.span(card.caption, class_name="words"),
            rx.cond(card.change != "", _card_change(card)),
            class_name="number",
        ),
        sparkline(card.line, card.area, height=40),
        href=card.href,
        class_name="card",
        attrs={"data-key": card.letter},
    )


def _card_change(card: CardView) -> rx.Component:
    return rx.el.span(
        delta(card.change, card.tone),
        rx.el.span(" ", texts.CHANGE_BASE, class_name="unseen"),
        custom_attrs={"data-tip": texts.CHANGE_BASE},
    )


def _invite_card(card: InviteCardView) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            avatar(card.picture, card.hue, card.initial, size=40),
            rx.el.div(rx.el.bdi(card.name), class_name="name"),
            class_name="card-head",
        ),
        rx.el.p(texts.ADD_EXPLANATION),
        rx.el.a(
            icon("plus", 17),
            texts.ADD_BUTTON,
            rx.el.span(" ", texts.format_add_target(card.name), class_name="unseen"),
            to=card.invite_url,
            target="_blank",
            rel="noopener",
            class_name="button",
        ),
        class_name="card waiting",
    )


def _no_servers() -> rx.Component:
    return empty_state(
        "server",
        texts.NO_SERVERS_TITLE,
        rx.cond(HomeState.unmanaged_text != "", HomeState.unmanaged_text, texts.NO_SERVERS_TEXT),
        actions=(
            rx.el.button(
                icon("rotate-cw", 16),
                texts.REFRESH,
                type="button",
                class_name="button main",
                on_click=HomeState.refresh_guilds,
            ),
        ),
    )


def _card_skeletons() -> rx.Component:
    return rx.el.div(
        *(
            rx.el.div(
                rx.el.div(skeleton("40px", "40px"), skeleton("55%", "16px"), class_name="card-head"),
                skeleton("45%", "30px"),
                skeleton("100%", "44px"),
                class_name="card",
            )
            for _ in range(6)
        ),
        class_name="cards",
        aria_busy=True,
    )
