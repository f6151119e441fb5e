"""Routes of the pages and of the endpoints that their scripts call."""

from aiohttp import web

from herwa_sim.pages import (
    actions,
    channel_page,
    chaos,
    command_palette,
    direct_messages,
    live_updates,
    login_page,
    store,
)
from herwa_sim.pages.base_page import STATIC_DIR, STATIC_URL
from herwa_sim.pages.errors import wrap_page, wrap_script_endpoint

serve_front = wrap_page(channel_page.open_first_guild)


def add_routes(app: web.Application) -> None:
    """Register every route except `/`, which is shared with the gateway."""
    app.router.add_static(STATIC_URL, STATIC_DIR)
    app.router.add_get("/who", wrap_page(channel_page.show_login))
    app.router.add_post("/who", wrap_page(channel_page.submit_login))
    app.router.add_get(direct_messages.DIRECT_MESSAGES_PATH, wrap_page(direct_messages.redirect_to_conversation))
    app.router.add_get(
        direct_messages.DIRECT_MESSAGES_PATH + r"/{channel_id:\d+}", wrap_page(channel_page.show_channel)
    )
    app.router.add_get(r"/channels/{guild_id:\d+}", wrap_page(channel_page.open_guild))
    app.router.add_get(r"/channels/{guild_id:\d+}/{channel_id:\d+}", wrap_page(channel_page.show_channel))
    app.router.add_get("/chaos", wrap_page(chaos.show_page))
    app.router.add_post("/chaos", wrap_page(chaos.submit_form))
    for path in (store.STORE_PATH, store.STORE_PATH + r"/{sku_id:\d+}"):
        app.router.add_get(path, wrap_page(store.show_store))
        app.router.add_post(path, wrap_page(store.submit_store))
    app.router.add_get("/_play/chaos", wrap_script_endpoint(chaos.show_state))
    app.router.add_get("/_play/people", wrap_script_endpoint(login_page.search_users))
    app.router.add_get(r"/_play/{channel_id:\d+}/live", wrap_script_endpoint(live_updates.stream_updates))
    app.router.add_get(r"/_play/{channel_id:\d+}/commands", wrap_script_endpoint(command_palette.show_palette))
    app.router.add_post(r"/_play/{channel_id:\d+}/{action:\w+}", wrap_script_endpoint(actions.handle_action))
