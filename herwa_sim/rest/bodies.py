"""Reads what the bot sends: JSON, or JSON with files beside it."""

from dataclasses import dataclass

import orjson
from aiohttp import BodyPartReader, web

from herwa_sim.entities import Json
from herwa_sim.rest.middleware import Refusal


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart body; `index` is the number by which the JSON speaks of it."""

    index: int
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """A whole request body."""

    json: Json
    uploads: tuple[Upload, ...] = ()


async def read_json(request: web.Request) -> Json:
    """A JSON object; an empty body counts as an empty one."""
    data = _loads(await request.read() or b"{}")
    request["asked"] = data
    if not isinstance(data, dict):
        raise Refusal(400, 50035, "Invalid Form Body")
    return data


async def read_list(request: web.Request) -> list[Json]:
    data = _loads(await request.read())
    request["asked"] = data
    if not isinstance(data, list):
        raise Refusal(400, 50035, "Invalid Form Body")
    return data


async def read_body(request: web.Request) -> Body:
    """JSON, or `payload_json` and `files[n]`."""
    if not request.content_type.startswith("multipart/"):
        return Body(await read_json(request))
    data: Json = {}
    uploads: list[Upload] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise Refusal(400, 50035, "Invalid Form Body")
        content = bytes(await part.read())
        if part.name == "payload_json":
            data = _loads(content)
        else:
            uploads.append(_upload(part, content, len(uploads)))
    request["asked"] = data
    return Body(data, tuple(uploads))


def _upload(part: BodyPartReader, content: bytes, position: int) -> Upload:
    number = (part.name or "").removeprefix("files[").removesuffix("]")
    content_type = part.headers.get("Content-Type", "application/octet-stream")
    return Upload(int(number) if number.isdigit() else position, part.filename or "file", content_type, content)


def _loads(content: bytes) -> Json:
    try:
        data: Json = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from None
    return data
