"""Texts of direct messages about exports."""

_ERRORS = {
    "disk_full": "the disk of Herwa's server is full",
    "too_many_rows": "it has more rows than the server's tier includes",
    "unavailable": "a database didn't respond for a long time",
    "file_lost": "its file was lost",
}


def format_ready(server: str, until: str, url: str) -> str:
    """Format the message about an export that is ready. `url` is the page Exports, empty without a public dashboard."""
    return f"Your export of **{server}** is ready. You can download it until {until}.{_format_end(url)}"


def format_failed(server: str, error: str, url: str) -> str:
    """Format the message about an export that has failed."""
    reason = _ERRORS.get(error, "an unknown error")
    return f"Your export of **{server}** failed: {reason}.{_format_end(url)}"


def _format_end(url: str) -> str:
    page = f"[Exports]({url})" if url else "**Exports** on the dashboard"
    return f"\n-# {page} · You can switch these messages off there."
