"""Texts of `herwa up`: progress, startup message, restarts, conflicts, demo history."""

from collections.abc import Mapping
from pathlib import Path

from herwa.texts.counts import format_count

PERSONAS: Mapping[str, str] = {
    "owner": "owns most servers, including one without the bot",
    "manager": "manages two servers through a role",
    "member": "a regular member: can use the bot, but not the dashboard",
    "stranger": "isn't in any server with the bot",
    "operator": "operates this copy of Herwa",
}
"""The demo users of the local Discord."""
DATABASES_UP_TO_DATE = "both databases are up to date"
STOPPING = "stopping"
STOPPED = "stopped"
PRESS_CTRL_C = "press Ctrl-C to stop everything"
LOG_IN_AS = "log in as one of these users:"
THINGS_TO_TRY = "things to try:"
TRY_OVERVIEW = "as owner, open a server and choose other dates, a channel or a comparison"
PROCESS_KILLED = "didn't stop in time and was killed"


def format_data_folder(path: Path) -> str:
    """Format where the data is stored."""
    return f"data in {path}"


def format_ready(seconds: float) -> str:
    """Format how long the start took."""
    return f"ready after {seconds:.0f} s"


def format_not_ready(seconds: float, command: str) -> str:
    """Format the note that something is not ready; `command` shows the status."""
    return f"not everything is ready after {seconds:.0f} s. See `{command}`."


def format_server_count(count: int, discord: str | None) -> str:
    """Format how many servers the bot is in. `discord` is the URL of another Discord, None the local one."""
    place = "the local Discord" if discord is None else discord
    return f"the bot is in {format_count(count, 'server')} on {place}" + ("" if count else ": add it to one")


def format_open_address(url: str) -> str:
    """Format the URL of the pages."""
    return f"  open {url}"


def format_try_chat(sim_url: str) -> str:
    """Format the suggestion to act as a member."""
    return f"write, join voice or run /server-stats at {sim_url} and watch the numbers change"


def format_try_chaos(sim_url: str) -> str:
    """Format the suggestion to simulate outages."""
    return f"simulate Discord outages at {sim_url}/chaos and check that nothing is lost"


def format_key_hint(guild_name: str) -> str:
    """Format the line above the command that creates an API key."""
    return f"to create an API key for {guild_name}:"


def format_process_ended(reason: str, delay: float) -> str:
    """Format that a process ended and will be started again."""
    return f"{reason}, restarting in {delay:g} s"


def format_exit_code(code: int) -> str:
    """Format the end of a process with this exit code."""
    return f"exited with code {code}"


def format_exit_signal(name: str) -> str:
    """Format the end of a process by a signal."""
    return f"killed by {name}"


def format_process_stalled(seconds: float) -> str:
    """Format the end of a process that was killed because it did not respond."""
    return f"didn't respond for {seconds:.0f} s and was killed"


def format_engine_restarted(name: str) -> str:
    """Format that a database ended and was started again."""
    return f"{name} stopped and was restarted"


def format_retry(error: str | None, delay: float) -> str:
    """Format an error after which the next attempt follows in `delay` seconds."""
    return f"{error} Trying again in {delay:g} s."


def format_port_in_use(port: int) -> str:
    """Format the error for a public port that cannot be bound."""
    return f"Port {port} isn't available. Set HERWA_PORT to a free port above 1023."


def format_already_running(path: Path) -> str:
    """Format the error for a second `herwa up` in one data folder."""
    return f"Herwa is already running in {path}. For a second copy, set HERWA_DATA_DIR and HERWA_PORT."


def format_import_started(days: int, guild_name: str) -> str:
    """Format the start of the import of one demo server."""
    return f"importing {format_count(days, 'day')} of history into {guild_name} …"


def format_import_finished(days: int, servers: int, messages: int, seconds: float) -> str:
    """Format the result of the import of the demo servers."""
    return (
        f"imported {format_count(days, 'day')} of history into {format_count(servers, 'server')}:"
        f" {format_count(messages, 'message')} in {seconds:.0f} s"
    )


def format_import_failed(error: str | None) -> str:
    """Format that the demo history is missing."""
    return f"the demo history wasn't imported. {error} The next start tries again."
