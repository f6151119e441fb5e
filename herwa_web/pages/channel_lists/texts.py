"""Texts of the channel lists page."""

from collections.abc import Sequence

LEAD = "Limit commands, features or modules to some channels. The most specific list applies; admins are never limited."
NEW_LIST = "New list"
EDIT_LIST = "Edit list"
EDIT, DELETE = "Edit", "Remove the list"
REVIEW = "Review change"
WHAT = "What"
PLACES = "Works only in"
EVERYTHING = "Everything"
MODULES, FEATURES, COMMANDS = "Modules", "Features", "Commands"
CATEGORY = "category"
NO_LISTS = "No channel lists yet"
NO_LISTS_HINT = "Commands work in every channel. Add a list to keep some of them to the channels they belong to."
CHOOSE_WHAT = "Choose what the list is about."
CHOOSE_PLACES = "Choose at least one channel or category, or remove the list."
IS_NEW, IS_CHANGED, IS_DELETED = "new", "changed", "removed"
OTHER_LIST_DECIDES = "No command changes: a more specific list decides for all of them."


def format_limited(commands: Sequence[str], places: Sequence[str]) -> str:
    """Say where commands work with the changed list."""
    return f"Works only in {', '.join(places)}: {', '.join(commands)}"


def format_free(commands: Sequence[str]) -> str:
    """Say that commands work everywhere again."""
    return f"Works in every channel again: {', '.join(commands)}"
