"""Phrases that several areas use: lists, counts, command names."""

from collections.abc import Iterable, Sequence

MAX_LISTED_COMMANDS = 8


def format_joined(items: Sequence[str], conjunction: str = "and") -> str:
    """Join items as `a, b and c`."""
    *first, last = items
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def format_count(count: int | None, singular: str) -> str:
    """Format a count with its noun: `1 command`, `30 commands`, `unlimited commands`."""
    if count is None:
        return f"unlimited {singular}s"
    return f"{count:,} {singular}" if count == 1 else f"{count:,} {singular}s"


def format_commands(keys: Iterable[str]) -> str:
    """Format command keys as `/voice-stats`, `/features list|enable`: subcommands are combined."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        first, _, last = key.rpartition(" ")
        groups.setdefault(first or last, []).append(last if first else "")
    names = [f"`/{group} {'|'.join(suffixes)}".rstrip() + "`" for group, suffixes in groups.items()]
    hidden_count = len(names) - MAX_LISTED_COMMANDS
    return ", ".join(names[:MAX_LISTED_COMMANDS]) + (f" and {hidden_count} more" if hidden_count > 0 else "")


def format_capitalized(text: str) -> str:
    """Capitalize the first letter, for the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def format_option_label(name: str, kind: str) -> str:
    """Format the label of a suggested module or feature."""
    return f"{name} ({kind})"


def format_page_number(number: int, count: int) -> str:
    """Format the line below a page of a long list."""
    return f"-# Page {number} of {count}"
