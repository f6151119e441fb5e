"""The control API under /_sim: what people, operators and broken networks do, for tests and for `herwa`."""

from aiohttp import web

from herwa_sim.control import (
    direct_messages,
    faults,
    history,
    inspection,
    interactions,
    members,
    messages,
    middleware,
    reactions,
    replay,
    servers,
    threads,
    voice,
)

ACTION_MODULES = (
    inspection,
    servers,
    threads,
    members,
    messages,
    direct_messages,
    reactions,
    voice,
    interactions,
    faults,
    replay,
    history,
)


def add_routes(app: web.Application) -> None:
    """Every action, as POST /_sim/<name> with a JSON object, and GET /_sim/state and /_sim/chaos."""
    app.router.add_get("/_sim/state", middleware.create_handler(inspection.get_snapshot))
    app.router.add_get("/_sim/chaos", middleware.create_handler(faults.set_faults))
    for module in ACTION_MODULES:
        for name, action in module.ACTIONS.items():
            app.router.add_post(f"/_sim/{name}", middleware.create_handler(action))
