"""The addresses of the pages, and of what their scripts ask for."""

from aiohttp import web

from herwa_sim.pages import acting, chaos, direct, live, palette, people, play
from herwa_sim.pages.document import STATIC, STATIC_URL
from herwa_sim.pages.edge import scripted, shown

front = shown(play.front)


def add_routes(app: web.Application) -> None:
    """All but `/`, which the gateway shares."""
    app.router.add_static(STATIC_URL, STATIC)
    app.router.add_get("/who", shown(play.who))
    app.router.add_post("/who", shown(play.chosen))
    app.router.add_get(direct.FRONT, shown(direct.front))
    app.router.add_get(direct.FRONT + r"/{channel_id:\d+}", shown(play.channel))
    app.router.add_get(r"/channels/{guild_id:\d+}", shown(play.server))
    app.router.add_get(r"/channels/{guild_id:\d+}/{channel_id:\d+}", shown(play.channel))
    app.router.add_get("/chaos", shown(chaos.show))
    app.router.add_post("/chaos", shown(chaos.switch))
    app.router.add_get("/_play/chaos", scripted(chaos.state))
    app.router.add_get("/_play/people", scripted(people.search))
    app.router.add_get(r"/_play/{channel_id:\d+}/live", scripted(live.live))
    app.router.add_get(r"/_play/{channel_id:\d+}/commands", scripted(palette.palette))
    app.router.add_post(r"/_play/{channel_id:\d+}/{deed:\w+}", scripted(acting.act))
