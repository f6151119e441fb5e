"""The page that makes things go wrong between Discord and a bot, each switch with what it does in plain words."""

from collections.abc import Mapping

from aiohttp import web

from herwa_shared.errors import BadRequest, Forbidden
from herwa_sim.chaos import AT_GATEWAY, AT_REST, Fault
from herwa_sim.context import Parts, parts_of
from herwa_sim.control import faults, members
from herwa_sim.entities import Json, Privileged
from herwa_sim.pages.base_page import fragment, page
from herwa_sim.pages.markup import Child, Markup, tag
from herwa_sim.pages.visitor import Visitor, is_ours, remember, visitor_of

ONCE = {
    "drop": ("Cut the connection", "As when a cable is pulled. The bot comes back and resumes."),
    "reconnect": ("Ask to reconnect", "Op 7: Discord moves house. The bot connects anew and resumes."),
    "resumable": ("Doubt the session", "Op 9 with resume: the bot may take up the session again."),
    "invalidate": ("End the session", "Op 9 without: the bot must identify anew; what it missed is lost to it."),
}
OFTEN = {
    "double": ("Events come twice", "The same event again, right after itself. Nothing may be counted twice."),
    "malformed": ("Broken events", "A broken twin follows an event: parts missing, or of the wrong kind."),
    "drop": ("Lost connections", "The socket is cut after an event."),
    "reconnect": ("Requests to reconnect", "Op 7 after an event."),
    "invalidate": ("Ended sessions", "Op 9 after an event."),
    "limit": ("Too many requests", "A call is answered with 429 and has to wait."),
    "fail": ("Discord fails", "A call is answered with 502, as by a proxy before a Discord that is down."),
    "slow": ("Slow answers", "A call is answered two seconds late."),
}
_INTENTS = {
    "members": ("Server members", "Joins, leaves, and who is there."),
    "presences": ("Presences", "Who is online."),
    "message_content": ("Message content", "What is written. Herwa never keeps it."),
}
_SECONDS = {"limit": 1.0, "slow": 2.0}
_SHARES = ((0, "never"), (1, "1 %"), (5, "5 %"), (25, "25 %"), (50, "half"), (100, "always"))
_SPEEDS = (0.5, 1.0, 4.0, 20.0, 100.0)


async def show(request: web.Request) -> web.Response:
    """The page."""
    parts, visitor = parts_of(request), visitor_of(request)
    response = page(
        "Chaos",
        tag("h1", "Make things go wrong"),
        tag("p", "Discord has bad days. Herwa must count exactly on all of them: try.", class_="lead"),
        tag("div", _state(parts), id="state"),
        _panel(visitor, "Once, now", "once", [_once(name, *told) for name, told in ONCE.items()], save=None),
        _panel(visitor, "Again and again", "often", _often(parts), save="Apply"),
        _panel(visitor, "What the application may hear", "intents", _intents(parts), save="Apply"),
        _panel(visitor, "The people", "people", _people(parts), save="Apply"),
        tag("p", tag("a", "Back to the servers", href="/"), class_="hint"),
        layout="card chaos",
        script="chaos.js",
    )
    remember(request, response, visitor)
    return response


async def state(request: web.Request) -> web.Response:
    """Who is connected and what has struck, as a fragment."""
    return fragment(_state(parts_of(request)))


async def switch(request: web.Request) -> web.Response:
    """One of the forms is sent off."""
    parts = parts_of(request)
    given = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if not is_ours(visitor_of(request), given.get("proof")):
        raise Forbidden("This form has grown old, or is not ours. Go back and try again.")
    await _do(parts, given)
    return web.Response(status=303, headers={"Location": f"/chaos#{given['form']}", "Cache-Control": "no-store"})


async def _do(parts: Parts, given: Mapping[str, str]) -> None:
    if given["form"] == "once":
        deed = {"drop": faults.drop, "reconnect": faults.reconnect}.get(given["deed"], faults.invalidate)
        await deed(parts, {"resumable": given["deed"] == "resumable"})
    elif given["form"] == "often":
        await faults.chaos(parts, {name: _fault(name, given) for name in OFTEN})
    elif given["form"] == "off":
        await faults.chaos_off(parts, {})
    elif given["form"] == "intents":
        await faults.application(parts, {"privileged": [name for name in _INTENTS if name in given]})
    elif given["form"] == "people":
        await members.population(parts, {"on": "on" in given, "speed": float(given["speed"])})
    else:
        raise BadRequest("There is no such form.")


def _fault(name: str, given: Mapping[str, str]) -> Json:
    fault: Json = {"share": int(given[f"{name}-share"]) / 100, "next": int(given.get(f"{name}-next") or 0)}
    return fault | ({"seconds": _SECONDS[name]} if name in _SECONDS else {})


def _state(parts: Parts) -> Markup:
    sessions = [
        tag(
            "li",
            tag("b", f"Shard {one.identity.shard[0]}"),
            tag("span", "connected" if one.line else "away", class_="good" if one.line else "bad"),
            tag(
                "small", f"{one.sequence:,} events sent, {one.acknowledged:,} acknowledged, resumed {one.resumes} times"
            ),
        )
        for one in parts.hub.sessions.values()
    ]
    struck = {name: fault.struck for name, fault in parts.chaos.faults.items() if fault.struck}
    told = ", ".join(f"{OFTEN[name][0].lower()} {count:,}" for name, count in struck.items())
    return tag(
        "ul",
        sessions or tag("li", tag("b", "No bot"), tag("span", "is connected", class_="bad")),
        tag(
            "li", tag("b", "Chaos"), tag("span", "is on", class_="bad") if parts.chaos.is_on else tag("span", "is off")
        ),
        tag("li", tag("b", "Has struck"), tag("small", told)) if struck else None,
        class_="state",
    )


def _panel(visitor: Visitor, title: str, name: str, rows: Child, *, save: str | None) -> Markup:
    off = tag("button", "Everything off", name="form", value="off", class_="button plain") if name == "often" else None
    buttons = tag("p", tag("button", save, name="form", value=name, class_="button"), off, class_="actions")
    hidden = None if save else tag("input", type="hidden", name="form", value=name)
    return tag(
        "form",
        tag("h2", title),
        tag("input", type="hidden", name="proof", value=visitor.proof),
        hidden,
        rows,
        buttons if save else None,
        method="post",
        action="/chaos",
        id=name,
    )


def _once(name: str, title: str, words: str) -> Markup:
    button = tag("button", title, name="deed", value=name, class_="button plain")
    return tag("div", tag("span", tag("small", words)), button, class_="switchline")


def _often(parts: Parts) -> list[Markup]:
    shown = []
    for names, place in ((AT_GATEWAY, "The gateway, of events"), (AT_REST, "REST, of calls")):
        head = (tag("b", place), tag("i", "how often"), tag("i", "the next"))
        shown.append(tag("div", head, class_="switchline head"))
        shown += [_rate(name, parts.chaos.faults[name]) for name in names]
    return shown


def _rate(name: str, fault: Fault) -> Markup:
    title, words = OFTEN[name]
    now = round(fault.share * 100)
    offered = dict(_SHARES) | ({} if now in dict(_SHARES) else {now: f"{now} %"})
    options = [tag("option", label, value=value, selected=value == now) for value, label in sorted(offered.items())]
    return tag(
        "div",
        tag("span", tag("b", title), tag("small", words)),
        tag("select", options, name=f"{name}-share", aria_label=f"{title}: how often"),
        tag(
            "input", type="number", name=f"{name}-next", min=0, max=9999, value=fault.next, aria_label=f"{title}: next"
        ),
        class_="switchline on" if now or fault.next else "switchline",
    )


def _intents(parts: Parts) -> list[Markup]:
    granted = parts.world.application.privileged
    hint = tag("p", "The bot hears of a change when it next connects: end its session above.", class_="hint")
    return [
        hint,
        *(_checkbox(name, *told, on=Privileged[name.upper()] in granted) for name, told in _INTENTS.items()),
    ]


def _people(parts: Parts) -> list[Markup]:
    now = parts.population.speed
    offered = sorted({*_SPEEDS, now})
    options = [tag("option", f"{one:g} x", value=f"{one:g}", selected=one == now) for one in offered]
    speed = tag("select", options, name="speed", aria_label="Speed")
    words = tag("span", tag("b", "Speed"), tag("small", "Once is a few events a second over all servers."))
    living = _checkbox("on", "Let them live", "They write, talk, come and go.", on=parts.population.is_on)
    return [living, tag("div", words, speed, class_="switchline")]


def _checkbox(name: str, title: str, words: str, *, on: bool) -> Markup:
    box = tag("input", type="checkbox", name=name, checked=on, class_="toggle")
    return tag("label", tag("span", tag("b", title), tag("small", words)), box, class_="switchline")
