"""Login page: a login button, and the reason why a login failed or is required."""

from urllib.parse import urlencode

import reflex as rx

from herwa_web import texts
from herwa_web.components.policy_links import TERMS_URL, policy_links
from herwa_web.components.status_views import empty_state
from herwa_web.layout import wordmark
from herwa_web.pages.landing import login_link
from herwa_web.pages.policies import texts as policy_texts


class LoginState(rx.State):
    """Reason and login URL, from the query string. `reason` is a key of `texts.LOGIN_REASONS` or empty."""

    reason: str = ""
    href: str = "/auth/login"

    @rx.event
    async def read(self) -> None:
        """Read reason and destination from the query string.

        Only known reasons are shown, never text from the URL. The login itself validates the destination.
        """
        params = self.router.url.query_parameters
        reason = params.get("reason", "")
        self.reason = reason if reason in texts.LOGIN_REASONS else ""
        self.href = build_login_url(params.get("next", ""))


def build_login_url(next_path: str) -> str:
    """Build the URL of the login; a `next_path` that is no path of this origin is dropped."""
    if not next_path.startswith("/") or next_path.startswith(("//", "/\\")):
        return "/auth/login"
    return f"/auth/login?{urlencode({'next': next_path})}"


def login_page() -> rx.Component:
    """Render the login page."""
    return rx.el.div(
        rx.el.header(rx.el.a(wordmark(), to="/", class_name="brand")),
        rx.el.main(
            rx.match(
                LoginState.reason,
                *((reason, _login_prompt(*prompt)) for reason, prompt in texts.LOGIN_REASONS.items()),
                _login_prompt(*texts.LOGIN_PROMPT),
            ),
            id="content",
        ),
        rx.el.footer(*policy_links()),
        class_name="landing",
    )


def _login_prompt(title: str, text: str) -> rx.Component:
    return empty_state(
        "key-round",
        title,
        text,
        rx.fragment(
            policy_texts.LOGIN_NOTE_START,
            rx.el.a(policy_texts.LOGIN_TERMS, to=TERMS_URL),
            policy_texts.LOGIN_NOTE_END,
        ),
        actions=(
            login_link(texts.LOG_IN_WITH_DISCORD, "button main large", LoginState.href),
            rx.el.a(texts.HOME_PAGE, to="/", class_name="button large"),
        ),
        full_page=True,
    )
