"""Control API under /_sim: act as members, inject faults and replay, for tests and `herwa`."""

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
    purchases,
    reactions,
    replay,
    scheduled_events,
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
    scheduled_events,
    interactions,
    faults,
    replay,
    history,
    purchases,
)


def add_routes(app: web.Application) -> None:
    """Register every action as POST /_sim/<name>, and GET /_sim/state and /_sim/chaos.

    The request body of an action is a JSON object.
    """
    app.router.add_get("/_sim/state", middleware.create_handler(inspection.get_snapshot))
    app.router.add_get("/_sim/chaos", middleware.create_handler(faults.set_faults))
    for module in ACTION_MODULES:
        for name, action in module.ACTIONS.items():
            app.router.add_post(f"/_sim/{name}", middleware.create_handler(action))
