"""Set headers of ASGI responses. Each response gets several, so this is cheaper than Starlette's `MutableHeaders`."""

from collections.abc import Mapping, Sequence

from starlette.types import Message

RawHeaders = Sequence[tuple[bytes, bytes]]


def encode_headers(headers: Mapping[str, str]) -> RawHeaders:
    """Encode headers as ASGI has them, with names in lower case."""
    return tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items())


def set_headers(message: Message, headers: RawHeaders) -> None:
    """Replace these headers of an `http.response.start` message. The list of the message is not changed."""
    names = {name for name, _ in headers}
    message["headers"] = [*(header for header in message.get("headers", ()) if header[0] not in names), *headers]


def has_header(message: Message, name: bytes) -> bool:
    """Return whether a message has a header of this name, in lower case."""
    return any(header[0] == name for header in message.get("headers", ()))
