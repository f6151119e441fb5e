"""Turns and order: late answers never overwrite newer ones, and changes happen in the order in which they arrive.

A background handler takes a turn when it begins and checks it before it writes. Turns never repeat, so the answer of a
load that began before the state was reset is recognized too.
"""

import asyncio
from secrets import token_hex
from weakref import WeakValueDictionary

_order_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


def new_turn() -> str:
    """Return a turn that differs from every other one."""
    return token_hex(8)


def get_order_lock(tab: str) -> asyncio.Lock:
    """Return the lock that a tab's changes hold one after the other. It is kept only while it is used.

    Reflex begins the background handlers of a tab in the order of its events, and waiting tasks get an `asyncio.Lock`
    in the order in which they asked for it. So a handler that asks for it first of all changes the state in its place.
    """
    return _order_locks.setdefault(tab, asyncio.Lock())
