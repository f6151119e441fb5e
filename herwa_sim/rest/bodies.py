"""Request bodies of the bot: JSON, or multipart with JSON and files."""

from dataclasses import dataclass

import orjson
from aiohttp import BodyPartReader, web

from herwa_sim.entities import Json
from herwa_sim.rest.middleware import RestError


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a multipart body. `index` is the number by which the JSON refers to it."""

    index: int
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A parsed request body."""

    json: Json
    uploads: tuple[UploadedFile, ...] = ()


async def read_json(request: web.Request) -> Json:
    """Return the body as a JSON object; an empty body is {}. Raises RestError.

    Like the other readers, it stores the JSON in `request["request_body"]` for the journal.
    """
    data = _parse_json(await request.read() or b"{}")
    request["request_body"] = data
    if not isinstance(data, dict):
        raise RestError(400, 50035, "Invalid Form Body")
    return data


async def read_list(request: web.Request) -> list[Json]:
    """Return the body as a JSON array. Raises RestError."""
    data = _parse_json(await request.read())
    request["request_body"] = data
    if not isinstance(data, list):
        raise RestError(400, 50035, "Invalid Form Body")
    return data


async def read_body(request: web.Request) -> RequestBody:
    """Return a JSON body, or a multipart body with `payload_json` and `files[n]`."""
    if not request.content_type.startswith("multipart/"):
        return RequestBody(await read_json(request))
    data: Json = {}
    uploads: list[UploadedFile] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise RestError(400, 50035, "Invalid Form Body")
        content = bytes(await part.read())
        if part.name == "payload_json":
            data = _parse_json(content)
        else:
            uploads.append(_parse_upload(part, content, len(uploads)))
    request["request_body"] = data
    return RequestBody(data, tuple(uploads))


def _parse_upload(part: BodyPartReader, content: bytes, position: int) -> UploadedFile:
    number = (part.name or "").removeprefix("files[").removesuffix("]")
    content_type = part.headers.get("Content-Type", "application/octet-stream")
    return UploadedFile(int(number) if number.isdigit() else position, part.filename or "file", content_type, content)


def _parse_json(content: bytes) -> Json:
    try:
        data: Json = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise RestError(400, 50109, "The request body contains invalid JSON.") from None
    return data
