"""Routes of OAuth2, at the same paths as on Discord."""

from aiohttp import web

from herwa_sim.oauth import authorize, token
from herwa_sim.pages.errors import wrap_page


def add_routes(app: web.Application) -> None:
    """Register the authorization form and the two token endpoints."""
    app.router.add_get("/oauth2/authorize", wrap_page(authorize.show_form))
    app.router.add_post("/oauth2/authorize", wrap_page(authorize.submit_form))
    app.router.add_post("/api/oauth2/token", token.exchange_token)
    app.router.add_post("/api/oauth2/token/revoke", token.revoke)
