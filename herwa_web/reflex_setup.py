"""`protect(app)`: what holds for every event of every page, whatever its handler does.

What Reflex and its websocket cannot digest they log as a whole, and anybody can send such things: cut short.
"""

import logging
from typing import Any

import reflex as rx
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event

from herwa_web.error_messages import build_error_toast

HYDRATE_EVENTS = frozenset({"hydrate", "hydrate_and_load"})


class StateResetMiddleware(rx.Middleware):
    """A page that connects gets its state empty and loads it anew, by handlers that ask who looks and may they.

    So nothing is shown again that was loaded under rights or by a session that are over.
    """

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:  # noqa: ARG002
        """Runs before every event, with the state of the tab."""
        if event.name.rpartition(".")[2] in HYDRATE_EVENTS:
            root_state: Any = state._get_root_state()  # noqa: SLF001 - Reflex has no public name for it
            root_state.reset()
        return None

    async def postprocess(self, app: rx.App, state: BaseState, event: Event, update: StateUpdate) -> Any:  # noqa: ARG002
        """Changes nothing."""
        return update


def configure_app(app: rx.App) -> None:
    """Put the guard before every event, words in place of stack traces, and an end to Reflex's long log lines."""
    app.add_middleware(StateResetMiddleware(), index=0)
    app.backend_exception_handler = build_error_toast
    truncate_noisy_logs()


NOISY_LOGGERS = (
    "engineio.server",
    "socketio.server",
    "reflex.app",
    "reflex_base.event.processor.base_state_processor",
    "reflex_base.event.processor.event_processor",
)
MAX_LINE_LENGTH = 160


def truncate_noisy_logs() -> None:
    """From now on each of these lines has one line's length."""
    for name in NOISY_LOGGERS:
        logger = logging.getLogger(name)
        logger.addFilter(_truncate)
        logger.handlers.clear()  # its own, beside ours: each line came twice


def _truncate(record: logging.LogRecord) -> bool:
    text = record.getMessage().replace("\n", " ")
    record.msg, record.args = (f"{text[:MAX_LINE_LENGTH]}…" if len(text) > MAX_LINE_LENGTH else text), ()
    if record.exc_info:
        exception_type = record.exc_info[0]
        record.exc_info, record.exc_text = None, None
        record.msg += f" ({exception_type.__name__})" if exception_type else ""
    return True
