"""Bounds of what open tabs cost: events that run at once, and the state that Reflex keeps for each tab.

Reflex keeps the state of a tab for an hour after its page was closed. A page that connects again loads its data again,
so the state of a closed tab is of no use.
"""

import asyncio
from collections.abc import AsyncIterator, Container, Mapping
from contextlib import asynccontextmanager
from typing import Any

from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

from herwa_web.auth import is_operator_tab
from herwa_web.idle_polls import idle_polls
from herwa_web.panel import PanelScreen
from herwa_web.serving.event_queue import EventQueue

SWEEP_SECONDS = 1.0


@asynccontextmanager
async def bound_tabs(reflex_app: Any, groups: Mapping[str, str]) -> AsyncIterator[None]:
    """Bound the tabs of this Reflex application while the block runs. Reflex must be ready to process events.

    `groups` are the visitors to whom tabs belong.
    """
    processor, namespace = reflex_app.event_processor, reflex_app.event_namespace
    open_tabs = namespace._token_manager.token_to_socket  # noqa: SLF001 - Reflex has no public name for it
    queue = EventQueue(processor.enqueue, open_tabs, groups, has_handler, is_in_handler, idle_polls.is_unnecessary)
    processor.enqueue = PanelScreen(queue.enqueue, is_operator_tab).enqueue
    sweeper = asyncio.create_task(forget_closed_tabs(reflex_app.state_manager, processor, open_tabs))
    try:
        yield
    finally:
        sweeper.cancel()


def has_handler(event: Any) -> bool:
    """Return whether Reflex knows a handler of this event."""
    return event.name in RegistrationContext.get().event_handlers


def is_in_handler() -> bool:
    """Return whether the current task runs an event handler.

    Reflex sets a root context, which has no transaction id, for every request and socket.
    """
    try:
        return bool(EventContext.get().txid)
    except LookupError:
        return False


async def forget_closed_tabs(state_manager: Any, processor: Any, open_tabs: Container[str]) -> None:
    """Forget the states of tabs that are not open, every `SWEEP_SECONDS`, until cancelled."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        for key in [*state_manager.states, *state_manager._token_expires_at]:  # noqa: SLF001 - as above
            if key not in open_tabs and not is_in_use(key, state_manager, processor):
                forget_state(key, state_manager)


def is_in_use(key: str, state_manager: Any, processor: Any) -> bool:
    """Return whether an event of this tab is running or waiting."""
    lock = state_manager._states_locks.get(key)  # noqa: SLF001 - as above
    return (lock is not None and lock.locked()) or key in processor._token_queues  # noqa: SLF001 - as above


def forget_state(key: str, state_manager: Any) -> None:
    """Remove everything that the state manager keeps for this tab."""
    expiry = state_manager._token_expires_at.get(key)  # noqa: SLF001 - as above
    if expiry is None:
        state_manager.states.pop(key, None)
    else:
        state_manager._purge_token(expiry[1])  # noqa: SLF001 - as above
