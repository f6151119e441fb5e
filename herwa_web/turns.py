"""Turns: they keep a late answer from overwriting a newer one.

A background handler takes a turn when it begins and checks it before it writes. Turns never repeat, so the answer of a
load that began before the state was reset is recognized too.
"""

from secrets import token_hex


def new_turn() -> str:
    """Return a turn that differs from every other one."""
    return token_hex(8)
