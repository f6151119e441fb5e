"""Create and configure the Reflex application: state reset on connect, error toasts, short log lines."""

import logging
from typing import Any

import reflex as rx
from reflex.state import BaseState, StateUpdate
from reflex_base.constants import RouteVar
from reflex_base.event import Event
from reflex_base.event.context import EventContext

from herwa_web.error_messages import build_error_toast
from herwa_web.panel import UNKNOWN_ROUTE, is_panel_path

HYDRATE_EVENTS = frozenset({"hydrate", "hydrate_and_load"})  # the events that Reflex sends when a page connects
NOISY_LOGGERS = (
    "engineio.server",
    "socketio.server",
    "reflex.app",
    "reflex_base.event.processor.base_state_processor",
    "reflex_base.event.processor.event_processor",
)
MAX_LINE_LENGTH = 160


class StateResetMiddleware(rx.Middleware):
    """Reset the state of a tab when its page connects, so that the page reloads its data.

    The handlers check session and access when they load. Data that was loaded under a session that has ended, or under
    access that was lost, is therefore never shown again.
    """

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:  # noqa: ARG002
        """Reset the state before one of `HYDRATE_EVENTS`. Reflex calls this before every event."""
        if event.name.rpartition(".")[2] in HYDRATE_EVENTS:
            root_state: Any = state._get_root_state()  # noqa: SLF001 - Reflex has no public name for it
            root_state.reset()
        return None

    async def postprocess(self, app: rx.App, state: BaseState, event: Event, update: StateUpdate) -> Any:  # noqa: ARG002
        """Return the update unchanged."""
        return update


class DashboardApp(rx.App):
    """The application. A page that the event queue has hidden from the visitor has no load handler."""

    def get_load_events(self, path: str) -> list[Any]:
        """Return the load handlers of a page, as the route of the current event allows."""
        is_hidden = is_panel_path(path) and not is_panel_path(EventContext.get().router_data.get(RouteVar.PATH, ""))
        return super().get_load_events(UNKNOWN_ROUTE if is_hidden else path)


def create_app(*, stylesheets: list[str], head_components: list[rx.Component]) -> rx.App:
    """Create the application without Reflex's own messages about the connection: the layout shows its state."""
    app = DashboardApp(stylesheets=stylesheets, html_lang="en", head_components=head_components)
    app.app_wraps = {key: wrap for key, wrap in app.app_wraps.items() if key[1] != "Overlay"}
    return app


def configure_app(app: rx.App) -> None:
    """Install the state reset, error toasts instead of stack traces, and truncated log lines."""
    app.add_middleware(StateResetMiddleware(), index=0)
    app.backend_exception_handler = build_error_toast
    truncate_noisy_logs()


def truncate_noisy_logs() -> None:
    """Truncate the lines of `NOISY_LOGGERS` to `MAX_LINE_LENGTH` characters from now on.

    Reflex and its WebSocket server log the full content of events that they cannot parse, and any client can send such
    events.
    """
    for name in NOISY_LOGGERS:
        logger = logging.getLogger(name)
        logger.addFilter(_truncate)
        logger.handlers.clear()  # its own handler besides ours would write each line twice


def _truncate(record: logging.LogRecord) -> bool:
    text = record.getMessage().replace("\n", " ")
    record.msg, record.args = (f"{text[:MAX_LINE_LENGTH]}…" if len(text) > MAX_LINE_LENGTH else text), ()
    if record.exc_info:
        exception_type = record.exc_info[0]
        record.exc_info, record.exc_text = None, None
        record.msg += f" ({exception_type.__name__})" if exception_type else ""
    return True
