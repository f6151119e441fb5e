"""The CDN: uploaded files, drawn faces and icons, and a plain picture for what members never really attached."""

import mimetypes

from aiohttp import web

from herwa_sim.avatars import SIZES, face, icon, picture_hash
from herwa_sim.context import parts_of
from herwa_sim.files import plain_picture
from herwa_sim.rest.middleware import Handler

_FOR_EVER = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_USUAL_SIDE = 128


async def attachment(request: web.Request) -> web.Response:
    """A file that was uploaded, or a picture for one that members never really attached."""
    id_ = int(request.match_info["attachment_id"])
    content = parts_of(request).files.get(id_)
    if content is None:
        return _picture(plain_picture(id_))
    kind = mimetypes.guess_type(request.match_info["filename"])[0] or "application/octet-stream"
    return web.Response(body=content, content_type=kind, headers=_FOR_EVER)


async def avatar(request: web.Request) -> web.Response:
    """An account's picture; the default ones have a number for a hash."""
    return _picture(face(request.match_info["hash"], _side(request)))


async def guild_icon(request: web.Request) -> web.Response:
    return _picture(icon(request.match_info["hash"], _side(request)))


async def other(request: web.Request) -> web.Response:
    """Anything else that has an address of its own."""
    return _picture(face(picture_hash(request.match_info["path"]), _side(request)))


def _side(request: web.Request) -> int:
    wanted = request.query.get("size", "")
    side = int(wanted) if wanted.isdecimal() and len(wanted) < 6 else _USUAL_SIDE
    return min(max(side, SIZES[0]), SIZES[-1])


def _picture(content: bytes) -> web.Response:
    return web.Response(body=content, content_type="image/png", headers=_FOR_EVER)


ROUTES: list[tuple[str, Handler]] = [
    (r"/cdn/attachments/{channel_id:\d+}/{attachment_id:\d+}/{filename}", attachment),
    (r"/cdn/avatars/{user_id:\d+}/{hash:\w+}.{kind:\w+}", avatar),
    (r"/cdn/embed/avatars/{hash:\d+}.{kind:\w+}", avatar),
    (r"/cdn/icons/{guild_id:\d+}/{hash:\w+}.{kind:\w+}", guild_icon),
    ("/cdn/{path:guilds/.+}", other),
]
