"""The control API under /_sim: what people, operators and broken networks do, for tests and for `herwa`."""

from aiohttp import web

from herwa_sim.control import (
    direct,
    edge,
    faults,
    interactions,
    past,
    people,
    places,
    reactions,
    replay,
    speech,
    state,
    threads,
    voice,
)

SUBJECTS = (state, places, threads, people, speech, direct, reactions, voice, interactions, faults, replay, past)


def add_routes(app: web.Application) -> None:
    """Every action, as POST /_sim/<name> with a JSON object, and GET /_sim/state and /_sim/chaos."""
    app.router.add_get("/_sim/state", edge.handler(state.state))
    app.router.add_get("/_sim/chaos", edge.handler(faults.chaos))
    for subject in SUBJECTS:
        for name, action in subject.ACTIONS.items():
            app.router.add_post(f"/_sim/{name}", edge.handler(action))
