"""Texts of the answers that every HTTP server of Herwa gives, whatever it serves."""

MALFORMED_REQUEST = "The request is malformed. Check its headers and try again."
FORBIDDEN_HEADER = "A header contains a character that HTTP does not allow. Remove it and try again."
REQUEST_TIMEOUT = "The request took too long to arrive. Send it again."
BODY_NOT_EXPECTED = "This address takes no request body. Send the request without one."
TOO_MANY_REQUESTS = "Too many requests from your network. Wait a moment, then try again."
TOO_MANY_TABS = "Too many pages are open in your network. Close some, then reload this page."
FOREIGN_ORIGIN = "This page may not be used from another site."
UNKNOWN_SOCKET = "Not found."
API_TIMEOUT = "The API didn't answer in time. Try again in a minute."
UNKNOWN_METRICS_PATH = "Not found. The metrics are at /metrics."
WRONG_METRICS_METHOD = "The metrics can only be read. Use GET."
METRICS_FAILED = "The metrics can't be read. The reason is in the log of this process."
API_DOWN = "The API is down. Try again in a minute."


def format_head_too_large(max_headers: int, max_bytes: int) -> str:
    """Say how many headers and bytes a request may have."""
    return f"The request's headers are too large. Send at most {max_headers} headers and {max_bytes:,} bytes."


def format_body_too_large(max_bytes: int) -> str:
    """Say how large a request body may be."""
    return f"The request body is too large. Send at most {max_bytes:,} bytes."


def format_unknown_host(origin: str) -> str:
    """Say under which address the server can be reached."""
    return f"This server isn't available at this address. Use {origin}."
