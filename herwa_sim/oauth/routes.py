"""The addresses of OAuth, where Discord has them."""

from aiohttp import web

from herwa_sim.oauth import authorize, token
from herwa_sim.pages.errors import wrap_page


def add_routes(app: web.Application) -> None:
    """The form for people, and the two addresses for the client's server."""
    app.router.add_get("/oauth2/authorize", wrap_page(authorize.show_form))
    app.router.add_post("/oauth2/authorize", wrap_page(authorize.submit_form))
    app.router.add_post("/api/oauth2/token", token.exchange_token)
    app.router.add_post("/api/oauth2/token/revoke", token.revoke)
