"""Console output of the `herwa` command: one line per message, prefixed with a process name."""

import re
import sys

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

# A log line of a process: 11:33:38 [info     ] worker started                 [herwa_worker] moved=3
LOG_LINE_PATTERN = re.compile(r"\d\d:\d\d:\d\d \[(?P<level>\w+) *\] (?P<event>.*?) *\[[\w.]+\](?P<details>( \S.*)?)")


def print_line(line: str, *, process_name: str = "herwa") -> None:
    """Print one line. A closed terminal is not an error: output stops, the process continues."""
    text = Text()
    text.append(f"{process_name:>7} ", style=PROCESS_COLORS.get(process_name, "dim"))
    text.append("│ ", style="dim")
    text.append_text(shorten_log_line(line))
    try:
        console.print(text)
    except OSError:
        sys.stdout = None


def shorten_log_line(line: str) -> Text:
    """Shorten a log line for people; other lines are unchanged. The log file has the full line."""
    parts = LOG_LINE_PATTERN.fullmatch(line)
    if parts is None:
        return Text.from_ansi(line)
    level = parts["level"]
    text = Text()
    if level in LEVEL_STYLES:
        text.append(f"{level}: ", style=LEVEL_STYLES[level])
    return text.append(parts["event"]).append(parts["details"], style="dim")
