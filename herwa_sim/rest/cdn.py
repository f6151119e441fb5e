"""CDN: uploaded files, generated avatars and guild icons, placeholder attachments."""

import mimetypes

from aiohttp import web

from herwa_sim.avatars import ALLOWED_SIZES, compute_image_hash, draw_avatar, draw_guild_icon
from herwa_sim.context import get_context
from herwa_sim.files import create_plain_png
from herwa_sim.rest.middleware import Handler

_IMMUTABLE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_DEFAULT_SIZE = 128


async def get_attachment(request: web.Request) -> web.Response:
    """Serve an uploaded file, or a placeholder image for a simulated attachment."""
    id_ = int(request.match_info["attachment_id"])
    content = get_context(request).files.find(id_)
    if content is None:
        return _build_image_response(create_plain_png(id_))
    content_type = mimetypes.guess_type(request.match_info["filename"])[0] or "application/octet-stream"
    return web.Response(body=content, content_type=content_type, headers=_IMMUTABLE_HEADERS)


async def get_avatar(request: web.Request) -> web.Response:
    """Serve a user's avatar; the hash of a default avatar is a number."""
    return _build_image_response(draw_avatar(request.match_info["hash"], _parse_size(request)))


async def get_guild_icon(request: web.Request) -> web.Response:
    """Serve a guild's icon."""
    return _build_image_response(draw_guild_icon(request.match_info["hash"], _parse_size(request)))


async def get_other_image(request: web.Request) -> web.Response:
    """Serve a generated image for any other path."""
    return _build_image_response(draw_avatar(compute_image_hash(request.match_info["path"]), _parse_size(request)))


def _parse_size(request: web.Request) -> int:
    size_text = request.query.get("size", "")
    side = int(size_text) if size_text.isdecimal() and len(size_text) < 6 else _DEFAULT_SIZE
    return min(max(side, ALLOWED_SIZES[0]), ALLOWED_SIZES[-1])


def _build_image_response(content: bytes) -> web.Response:
    return web.Response(body=content, content_type="image/png", headers=_IMMUTABLE_HEADERS)


ROUTES: list[tuple[str, Handler]] = [
    (r"/cdn/attachments/{channel_id:\d+}/{attachment_id:\d+}/{filename}", get_attachment),
    (r"/cdn/avatars/{user_id:\d+}/{hash:\w+}.{kind:\w+}", get_avatar),
    (r"/cdn/embed/avatars/{hash:\d+}.{kind:\w+}", get_avatar),
    (r"/cdn/icons/{guild_id:\d+}/{hash:\w+}.{kind:\w+}", get_guild_icon),
    ("/cdn/{path:guilds/.+}", get_other_image),
]
