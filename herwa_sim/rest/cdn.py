"""The CDN: uploaded files, and a plain picture for everything else that has an address."""

import mimetypes

from aiohttp import web

from herwa_sim.files import plain_picture
from herwa_sim.parts import parts_of
from herwa_sim.rest.edge import Handler
from herwa_sim.snowflakes import digest


async def attachment(request: web.Request) -> web.Response:
    """A file that was uploaded, or a picture for one that members never really attached."""
    id_ = int(request.match_info["attachment_id"])
    content = parts_of(request).files.get(id_)
    if content is None:
        return _picture(id_)
    kind = mimetypes.guess_type(request.match_info["filename"])[0] or "application/octet-stream"
    return web.Response(body=content, content_type=kind)


async def picture(request: web.Request) -> web.Response:
    """An avatar or an icon: one colour, the same for the same address."""
    return _picture(digest(request.match_info["path"]))


def _picture(seed: int) -> web.Response:
    return web.Response(body=plain_picture(seed), content_type="image/png")


ROUTES: list[tuple[str, Handler]] = [
    (r"/cdn/attachments/{channel_id:\d+}/{attachment_id:\d+}/{filename}", attachment),
    ("/cdn/{path:(?:avatars|icons|embed/avatars|guilds)/.+}", picture),
]
