"""Texts of `herwa doctor`: what a check found, and how to fix it."""

from collections.abc import Sequence
from pathlib import Path

from herwa.texts.counts import format_count

SUBJECT_PYTHON = "Python"
SUBJECT_IMAGES = "Images"
SUBJECT_FONTS = "Fonts"
SUBJECT_PAGES = "Pages"
SUBJECT_BROWSER = "Browser"
SUBJECT_DATA_FOLDER = "Data folder"
SUBJECT_DISK = "Disk"
SUBJECT_DISCORD = "Discord"
SUBJECT_MEMBERS_INTENT = "Server Members intent"
SUBJECT_CONTENT_INTENT = "Message Content intent"
SUBJECT_GATEWAY = "Gateway"
SUBJECT_LOGIN = "Log-in"
SUBJECT_POLICY_LINKS = "Privacy and terms"
POLICY_LINKS_MISSING = "The portal doesn't link to this copy's privacy policy and terms"
POLICY_LINKS_SET = "Linked in the portal"
SUBJECT_CLOCK = "Clock"
SUBJECT_PROCESSES = "Processes"
SUBJECT_POSTGRESQL = "PostgreSQL"
SUBJECT_CLICKHOUSE = "ClickHouse"
SUBJECT_REDIS = "Redis"

INSTALL_PYTHON = "Install Python 3.11, 3.12, 3.13 or 3.14, then run `make clean up`."
INSTALL_RENDERER = "Run: apt-get install libgl1 libegl1"
FONTS_COMPLETE = "All scripts can be drawn"
PAGES_BUILT = "Built"
PAGES_OUTDATED = "Not built, or outdated"
PAGES_NOT_CHECKED = "Couldn't be checked in time"
BUILD_PAGES = "`herwa up` builds them in about half a minute."
BROWSER_MISSING = "No Chromium found. Only the tests need it."
RUN_DOCTOR_AGAIN = "Run `herwa doctor` again when the machine is less busy."
INSTALL_BROWSER = "Run: apt-get install chromium"
CHOOSE_DATA_FOLDER = "Set HERWA_DATA_DIR to a folder."
ALLOW_DATA_FOLDER = "Make it writable for this account, or set HERWA_DATA_DIR to another folder."
FREE_DISK_SPACE = "Free disk space. The databases stop when the disk is full."
FREE_DISK_SPACE_SOON = "Free disk space, or set HERWA_DATA_DIR to a larger disk."
LOCAL_DISCORD_STOPPED = "Local Discord. `herwa up` starts it."
CHECK_NETWORK = "Check the network connection and HERWA_DISCORD_URL."
REJECTED_BY_DISCORD = "Rejected the bot token"
DISCORD_STATUS = "Try again later. See https://discordstatus.com"
CLOCK_IN_SYNC = "In sync with Discord"
SYNC_CLOCK = "Turn on time synchronization: timedatectl set-ntp true"
INTENT_GRANTED = "Granted"
MEMBERS_INTENT_MISSING = "Not granted. Leaves aren't counted, and joins only from join messages."
CONTENT_INTENT_MISSING = "Not granted. Message lengths and attachments aren't recorded."
SESSION_LIMIT_REACHED = "No bot log-ins left today"
WAIT_FOR_SESSIONS = "Wait until tomorrow, then start the bot once."
LOCAL_LOGIN = "Through the local Discord"
LOGIN_NOT_CONFIGURED = "Not configured. Nobody can log in."
CLIENT_ID_MISMATCH = "DISCORD_CLIENT_ID belongs to another application"
REDIRECT_MISSING = "Discord doesn't allow the redirect after log-in"
PROCESSES_STOPPED = "Not running. Start them with `herwa up`."
PROCESSES_OK = "No problems"
SEE_STATUS = "See `herwa status`."
PORT_FREE = "Free"
PORT_OWN = "Used by this copy"
PORT_PRIVILEGED = "Ports below 1024 need root"
CHOOSE_HIGH_PORT = "Set HERWA_PORT to a port above 1023."
CHOOSE_FREE_PORT = "Stop that program, or set HERWA_PORT to a free port."
ANOTHER_PROGRAM = "another program"
EVERYTHING_WORKS = "No problems found."


def format_unsupported_python(version: str) -> str:
    """Format a Python version for which no packages are locked."""
    return f"{version} is not supported"


def format_run(command: str) -> str:
    """Format a command that fixes a problem."""
    return f"Run: {command}"


def format_missing_fonts(scripts: Sequence[str]) -> str:
    """Format which scripts no font of this machine can draw."""
    return f"No font for {', '.join(scripts)}. Names show empty boxes."


def format_browser(path: str) -> str:
    """Format the browser that the tests use."""
    return f"{path} (for the tests)"


def format_not_a_folder(path: Path) -> str:
    """Format a data folder that is a file."""
    return f"{path} is a file"


def format_not_writable(path: Path) -> str:
    """Format a data folder that this account cannot write to."""
    return f"{path} isn't writable"


def format_new_folder(path: Path) -> str:
    """Format a data folder that does not exist yet."""
    return f"{path}, created at the first start"


def format_free_space(gib: float) -> str:
    """Format the free disk space."""
    return f"{gib:.1f} GiB free"


def format_discord_down(url: str, error: str) -> str:
    """Format that Discord does not respond."""
    return f"{url} doesn't respond ({error})"


def format_set_token(portal: str) -> str:
    """Format how to fix the bot token."""
    return f"Set DISCORD_TOKEN to the bot token from {portal}."


def format_discord_error(status: int) -> str:
    """Format an unexpected status of Discord's API."""
    return f"Responds with status {status}"


def format_discord_ok(discord: str | None, application: str) -> str:
    """Format the application that the token belongs to. `discord` is a URL, None the local Discord."""
    return f"Connected to {discord or 'the local Discord'} as {application}"


def format_clock_skew(seconds: float) -> str:
    """Format how far this machine's clock is off; positive is behind."""
    return f"{abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead of'} Discord"


def format_grant_intent(portal: str) -> str:
    """Format how to grant an intent."""
    return f"Turn it on at {portal}, page Bot, then restart the bot."


def format_configure_login(names: Sequence[str], portal: str, redirect: str) -> str:
    """Format how to configure the log-in."""
    return f"Set {' and '.join(names)} from {portal}, page OAuth2, and add the redirect {redirect} there."


def format_set_client_id(application_id: str) -> str:
    """Format how to fix the client id."""
    return f"Set it to {application_id}."


def format_add_redirect(redirect: str, portal: str) -> str:
    """Format how to allow the redirect."""
    return f"Add the redirect {redirect} at {portal}, page OAuth2."


def format_set_policy_links(origin: str, portal: str) -> str:
    """Format where to enter the addresses of the privacy policy and the terms."""
    return f"Enter {origin}/privacy and {origin}/terms at {portal}, page General Information."


def format_redirect(redirect: str) -> str:
    """Format where Discord redirects after a log-in."""
    return f"Redirects to {redirect}"


def format_database_version(version: str) -> str:
    """Format the version of a database."""
    return f"Version {version}"


def format_check_database(setting: str) -> str:
    """Format how to fix an external database."""
    return f"Check {setting}, or remove it to use the embedded database."


def format_port_subject(port: int) -> str:
    """Format the subject of the public port."""
    return f"Port {port}"


def format_internal_port_subject(name: str) -> str:
    """Format the subject of an internal port."""
    return f"Port of {name}"


def format_port_taken(holders: Sequence[str]) -> str:
    """Format which programs use the public port."""
    return f"Used by {', '.join(holders) or ANOTHER_PROGRAM}"


def format_internal_port_taken(port: int, holders: Sequence[str]) -> str:
    """Format which programs use an internal port."""
    return f"{port} is used by {', '.join(holders) or ANOTHER_PROGRAM}"


def format_free_internal_port(name: str, path: Path) -> str:
    """Format how to move an internal port."""
    return f"Stop that program. Or stop Herwa, then remove the line {name} from {path}."


def format_doctor_summary(errors: int, warnings: int) -> str:
    """Format the last line of the report."""
    counts = [format_count(count, noun) for count, noun in ((errors, "error"), (warnings, "warning")) if count]
    return " and ".join(counts) + "." if counts else EVERYTHING_WORKS
