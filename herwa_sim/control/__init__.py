"""The control API under /_sim: what people, operators and broken networks do, for tests and for `herwa`."""

from aiohttp import web

from herwa_sim.control import edge, faults, interactions, people, places, replay, speech, state

SUBJECTS = (state, places, people, speech, interactions, faults, replay)


def add_routes(app: web.Application) -> None:
    """Every action, as POST /_sim/<name> with a JSON object, and GET /_sim/state."""
    app.router.add_get("/_sim/state", edge.handler(state.state))
    for subject in SUBJECTS:
        for name, action in subject.ACTIONS.items():
            app.router.add_post(f"/_sim/{name}", edge.handler(action))
