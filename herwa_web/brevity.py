"""What Reflex and its websocket cannot digest they log as a whole, and anybody can send such things: cut short."""

import logging

CHATTY = (
    "engineio.server",
    "socketio.server",
    "reflex.app",
    "reflex_base.event.processor.base_state_processor",
    "reflex_base.event.processor.event_processor",
)
LONGEST = 160


def cut_short() -> None:
    """From now on each of these lines has one line's length."""
    for name in CHATTY:
        logger = logging.getLogger(name)
        logger.addFilter(_shorten)
        logger.handlers.clear()  # its own, beside ours: each line came twice


def _shorten(record: logging.LogRecord) -> bool:
    text = record.getMessage().replace("\n", " ")
    record.msg, record.args = (f"{text[:LONGEST]}…" if len(text) > LONGEST else text), ()
    if record.exc_info:
        kind = record.exc_info[0]
        record.exc_info, record.exc_text = None, None
        record.msg += f" ({kind.__name__})" if kind else ""
    return True
