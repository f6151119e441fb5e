"""Console output of the `herwa` command: one line per message, prefixed with a process name."""

import json
import re
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

console = Console(highlight=False, soft_wrap=True)
PROCESS_COLORS = {
    "herwa": "bold magenta",
    "bot": "cyan",
    "api": "green",
    "worker": "yellow",
    "sim": "blue",
    "web": "bright_cyan",
}
LEVEL_STYLES = {"warning": "yellow", "error": "red", "critical": "bold red"}
HIDDEN_FIELDS = {"time", "level", "process", "logger", "event"}
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def print_line(line: str, *, process_name: str = "herwa") -> None:
    """Print one line. A closed terminal is not an error: output stops, the process continues."""
    _print_text(Text.from_ansi(line), process_name)


def print_log_line(line: str, *, process_name: str) -> None:
    """Print one line of a process's output, rendered for people. The log file has the line itself."""
    for text in render_log_line(line):
        _print_text(text, process_name)


def render_log_line(line: str) -> list[Text]:
    """Render a JSON log line without time and logger; texts of several lines, such as stack traces, follow it.

    Any other line, such as a library's `print`, is unchanged.
    """
    fields = _parse_log_line(line)
    if fields is None:
        return [Text.from_ansi(line)]
    text, following_lines = Text(), []
    if (level := str(fields["level"])) in LEVEL_STYLES:
        text.append(f"{level}: ", style=LEVEL_STYLES[level])
    text.append(_escape(str(fields["event"])))
    for name, value in fields.items():
        if name in HIDDEN_FIELDS:
            continue
        if isinstance(value, str) and "\n" in value:
            following_lines += [Text(_escape(part), style="dim") for part in value.splitlines()]
        else:
            text.append(f" {_escape(name)}={_format_value(value)}", style="dim")
    return [text, *following_lines]


def _parse_log_line(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return fields if {"level", "event"} <= fields.keys() else None


def _format_value(value: object) -> str:
    """Format a value of a field: a text without spaces as it is, anything else as Python would."""
    is_word = isinstance(value, str) and value.isprintable() and not re.search(r"[\s'\"=]", value) and value
    return str(value) if is_word else repr(value)


def _escape(text: str) -> str:
    """Escape control characters: a log line can contain what clients have sent."""
    return CONTROL_CHARACTERS.sub(lambda match: repr(match[0])[1:-1], text)


def _print_text(line: Text, process_name: str) -> None:
    text = Text()
    text.append(f"{process_name:>7} ", style=PROCESS_COLORS.get(process_name, "dim"))
    text.append("│ ", style="dim")
    text.append_text(line)
    try:
        console.print(text)
    except OSError:
        sys.stdout = None
