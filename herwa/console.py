"""How the front door speaks: one line a fact, with the name of who it is about."""

import re
import sys

from rich.console import Console
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
COLOURS = {
    "herwa": "bold magenta",
    "bot": "cyan",
    "api": "green",
    "worker": "yellow",
    "sim": "blue",
    "web": "bright_cyan",
}
LEVELS = {"warning": "yellow", "error": "red", "critical": "bold red"}

# A log line of one of our processes: 11:33:38 [info     ] working                        [herwa_worker] moved=3
LOG_LINE = re.compile(r"\d\d:\d\d:\d\d \[(?P<level>\w+) *\] (?P<event>.*?) *\[[\w.]+\](?P<details>( \S.*)?)")


def say(line: str, *, who: str = "herwa") -> None:
    """Print one line. A terminal that went away is no reason to stop."""
    text = Text()
    text.append(f"{who:>7} ", style=COLOURS.get(who, "dim"))
    text.append("│ ", style="dim")
    text.append_text(shortened(line))
    try:
        out.print(text)
    except OSError:
        sys.stdout = None


def shortened(line: str) -> Text:
    """What people need of a log line; any other line as it is. The log file has all of it."""
    parts = LOG_LINE.fullmatch(line)
    if parts is None:
        return Text.from_ansi(line)
    level = parts["level"]
    text = Text()
    if level in LEVELS:
        text.append(f"{level}: ", style=LEVELS[level])
    return text.append(parts["event"]).append(parts["details"], style="dim")
