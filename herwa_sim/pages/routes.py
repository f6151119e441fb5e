"""The addresses of the pages, and of what their scripts ask for."""

from aiohttp import web

from herwa_sim.pages import actions, channel_page, chaos, command_palette, direct_messages, live_updates, login_page
from herwa_sim.pages.base_page import STATIC, STATIC_URL
from herwa_sim.pages.errors import scripted, shown

front = shown(channel_page.front)


def add_routes(app: web.Application) -> None:
    """All but `/`, which the gateway shares."""
    app.router.add_static(STATIC_URL, STATIC)
    app.router.add_get("/who", shown(channel_page.who))
    app.router.add_post("/who", shown(channel_page.chosen))
    app.router.add_get(direct_messages.FRONT, shown(direct_messages.front))
    app.router.add_get(direct_messages.FRONT + r"/{channel_id:\d+}", shown(channel_page.channel))
    app.router.add_get(r"/channels/{guild_id:\d+}", shown(channel_page.server))
    app.router.add_get(r"/channels/{guild_id:\d+}/{channel_id:\d+}", shown(channel_page.channel))
    app.router.add_get("/chaos", shown(chaos.show))
    app.router.add_post("/chaos", shown(chaos.switch))
    app.router.add_get("/_play/chaos", scripted(chaos.state))
    app.router.add_get("/_play/people", scripted(login_page.search))
    app.router.add_get(r"/_play/{channel_id:\d+}/live", scripted(live_updates.live))
    app.router.add_get(r"/_play/{channel_id:\d+}/commands", scripted(command_palette.palette))
    app.router.add_post(r"/_play/{channel_id:\d+}/{deed:\w+}", scripted(actions.act))
