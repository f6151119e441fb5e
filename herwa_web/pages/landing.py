"""Landing page for visitors: what Herwa does, an example chart, the login button."""

from math import pi, sin

import reflex as rx

from herwa_shared.charts.sparkline import build_sparkline_paths
from herwa_web import texts
from herwa_web.components.controls import icon
from herwa_web.components.policy_links import policy_links
from herwa_web.layout import wordmark
from herwa_web.pages import landing_texts
from herwa_web.pages.leaked_key import texts as leak_texts

LOGIN_URL = "/auth/login?next=/"
WIDTH, HEIGHT, PREVIOUS_HEIGHT = 560, 190, 150


def landing_page(notice: rx.Component) -> rx.Component:
    """Render the landing page; `notice` is shown below the login button."""
    return rx.el.div(
        rx.el.header(
            rx.el.div(wordmark(), class_name="brand"),
            login_link(texts.LOG_IN, "button"),
        ),
        rx.el.main(
            rx.el.div(
                rx.el.div(
                    rx.el.h1(landing_texts.LANDING_TITLE),
                    rx.el.p(landing_texts.LANDING_LEAD, class_name="lead"),
                    rx.el.div(login_link(texts.LOG_IN_WITH_DISCORD, "button main large"), class_name="actions"),
                    notice,
                    rx.el.ul(
                        *(
                            rx.el.li(icon("check", 18), rx.el.span(rx.el.b(title), " ", text))
                            for title, text in landing_texts.PROMISES
                        ),
                        class_name="promises",
                    ),
                ),
                _example_chart(),
                class_name="hero",
            ),
            id="content",
        ),
        rx.el.footer(
            rx.el.span(landing_texts.LANDING_FOOTER),
            *policy_links(),
            rx.el.a(landing_texts.API_LINK, href="/api/openapi.json", reload_document=True),
            rx.el.a(leak_texts.TITLE, to="/leaked-key"),
        ),
        class_name="landing",
    )


def login_link(label: str, class_name: str, href: rx.Var[str] | str = LOGIN_URL) -> rx.Component:
    """Render a link to the login.

    It is a full page load: the WebSocket keeps the cookie of its handshake, so only a new page gets the new session.
    """
    return rx.el.a(icon("log-in", 18), label, to=href, reload_document=True, class_name=class_name)


def _example_chart() -> rx.Component:
    """Render an example chart as SVG, without Plotly."""
    current_values, previous_values = _generate_wave(0.0), _generate_wave(1.7)
    line, area = build_sparkline_paths(current_values, width=WIDTH, height=HEIGHT)
    previous_line, _ = build_sparkline_paths(previous_values, width=WIDTH, height=PREVIOUS_HEIGHT)
    return rx.el.figure(
        rx.el.div(
            rx.el.span(landing_texts.EXAMPLE_TITLE),
            rx.el.span(landing_texts.EXAMPLE_PERIOD, class_name="note"),
            class_name="caption",
        ),
        rx.el.div(
            rx.el.span(landing_texts.EXAMPLE_TOTAL, class_name="big"),
            rx.el.span(landing_texts.EXAMPLE_CHANGE, class_name="change good"),
            class_name="actions",
        ),
        rx.el.svg(
            rx.el.svg.defs(
                rx.el.svg.linear_gradient(
                    rx.el.svg.stop(offset="0", stop_color="var(--accent)", stop_opacity="0.34"),
                    rx.el.svg.stop(offset="1", stop_color="var(--accent)", stop_opacity="0.02"),
                    id="fade",
                    x1="0",
                    x2="0",
                    y1="0",
                    y2="1",
                )
            ),
            *(
                rx.el.path(d=f"M0,{y}H{WIDTH}", stroke="var(--line)", stroke_width="1")
                for y in range(0, HEIGHT + 1, HEIGHT // 4)
            ),
            rx.el.path(
                d=previous_line,
                fill="none",
                stroke="var(--comparison)",
                stroke_width="1.6",
                transform=f"translate(0 {HEIGHT - PREVIOUS_HEIGHT})",
            ),
            rx.el.path(d=area, fill="url(#fade)"),
            rx.el.path(d=line, fill="none", stroke="var(--accent)", stroke_width="2.4", stroke_linejoin="round"),
            view_box=f"0 -6 {WIDTH} {HEIGHT + 10}",
            role="img",
            aria_label=landing_texts.EXAMPLE_DESCRIPTION,
        ),
        rx.el.dl(
            *(
                rx.el.div(rx.el.dt(name), rx.el.dd(value, class_name="numbers"))
                for name, value in landing_texts.EXAMPLE_NUMBERS
            ),
            class_name="row",
        ),
        class_name="picture",
    )


def _generate_wave(shift: float) -> list[int]:
    """Generate 30 daily values with a weekly rhythm and a rising trend."""
    return [
        round(
            900 + 14 * day + 260 * sin((day + shift) * 2 * pi / 7) + 90 * sin((day + shift) * 1.9) + 60 * sin(day * 4.1)
        )
        for day in range(30)
    ]
