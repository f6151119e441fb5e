"""The chaos page: inject faults, grant intents, control the population."""

from collections.abc import Mapping

from aiohttp import web

from herwa_shared.errors import BadRequest, Forbidden
from herwa_sim.chaos import GATEWAY_FAULTS, REST_FAULTS, Fault
from herwa_sim.context import SimContext, get_context
from herwa_sim.control import faults, members
from herwa_sim.entities import Json, PrivilegedIntents
from herwa_sim.pages.base_page import render_fragment, render_page
from herwa_sim.pages.markup import Child, Markup, tag
from herwa_sim.pages.visitor import BrowserVisitor, get_visitor, is_valid_csrf_token, set_visitor_cookie

ONE_TIME_FAULTS = {
    "drop": ("Cut the connection", "As when a cable is pulled. The bot comes back and resumes."),
    "reconnect": ("Ask to reconnect", "Op 7: Discord moves house. The bot connects anew and resumes."),
    "resumable": ("Doubt the session", "Op 9 with resume: the bot may take up the session again."),
    "invalidate": ("End the session", "Op 9 without: the bot must identify anew; what it missed is lost to it."),
}
RECURRING_FAULTS = {
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
_FAULT_SECONDS = {"limit": 1.0, "slow": 2.0}
_SHARE_OPTIONS = ((0, "never"), (1, "1 %"), (5, "5 %"), (25, "25 %"), (50, "half"), (100, "always"))
_SPEED_OPTIONS = (0.5, 1.0, 4.0, 20.0, 100.0)


async def show_page(request: web.Request) -> web.Response:
    """Show the chaos page."""
    context, visitor = get_context(request), get_visitor(request)
    response = render_page(
        "Chaos",
        tag("h1", "Make things go wrong"),
        tag("p", "Discord has bad days. Herwa must count exactly on all of them: try.", class_="lead"),
        tag("div", _render_state(context), id="state"),
        _render_panel(
            visitor,
            "Once, now",
            "once",
            [_render_one_time_fault(name, *labels) for name, labels in ONE_TIME_FAULTS.items()],
            save=None,
        ),
        _render_panel(visitor, "Again and again", "often", _render_recurring_faults(context), save="Apply"),
        _render_panel(visitor, "What the application may hear", "intents", _render_intents(context), save="Apply"),
        _render_panel(visitor, "The people", "people", _render_population(context), save="Apply"),
        tag("p", tag("a", "Back to the servers", href="/"), class_="hint"),
        layout="card chaos",
        script="chaos.js",
    )
    set_visitor_cookie(request, response, visitor)
    return response


async def show_state(request: web.Request) -> web.Response:
    """Return connected sessions and fault counters as a fragment."""
    return render_fragment(_render_state(get_context(request)))


async def submit_form(request: web.Request) -> web.Response:
    """Handle one of the forms on the page and redirect back."""
    context = get_context(request)
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if not is_valid_csrf_token(get_visitor(request), form.get("proof")):
        raise Forbidden("This form has grown old, or is not ours. Go back and try again.")
    await _apply_form(context, form)
    return web.Response(status=303, headers={"Location": f"/chaos#{form['form']}", "Cache-Control": "no-store"})


async def _apply_form(context: SimContext, form: Mapping[str, str]) -> None:
    """Apply the form named in `form`. Raises BadRequest for an unknown one."""
    if form["form"] == "once":
        action = {"drop": faults.drop_sockets, "reconnect": faults.request_reconnect}.get(
            form["action"], faults.invalidate_sessions
        )
        await action(context, {"resumable": form["action"] == "resumable"})
    elif form["form"] == "often":
        await faults.set_faults(context, {name: _parse_fault(name, form) for name in RECURRING_FAULTS})
    elif form["form"] == "off":
        await faults.disable_faults(context, {})
    elif form["form"] == "intents":
        await faults.update_application(context, {"privileged": [name for name in _INTENTS if name in form]})
    elif form["form"] == "people":
        await members.update_population(context, {"on": "on" in form, "speed": float(form["speed"])})
    else:
        raise BadRequest("There is no such form.")


def _parse_fault(name: str, form: Mapping[str, str]) -> Json:
    fault: Json = {"share": int(form[f"{name}-share"]) / 100, "next": int(form.get(f"{name}-next") or 0)}
    return fault | ({"seconds": _FAULT_SECONDS[name]} if name in _FAULT_SECONDS else {})


def _render_state(context: SimContext) -> Markup:
    sessions = [
        tag(
            "li",
            tag("b", f"Shard {session.identity.shard[0]}"),
            tag("span", "connected" if session.socket else "away", class_="good" if session.socket else "bad"),
            tag(
                "small",
                f"{session.sequence:,} events sent, {session.acknowledged:,} acknowledged, "
                f"resumed {session.resumes} times",
            ),
        )
        for session in context.session_manager.sessions.values()
    ]
    fault_counts = {name: fault.struck for name, fault in context.chaos.faults.items() if fault.struck}
    summary = ", ".join(f"{RECURRING_FAULTS[name][0].lower()} {count:,}" for name, count in fault_counts.items())
    return tag(
        "ul",
        sessions or tag("li", tag("b", "No bot"), tag("span", "is connected", class_="bad")),
        tag(
            "li",
            tag("b", "Chaos"),
            tag("span", "is on", class_="bad") if context.chaos.is_on else tag("span", "is off"),
        ),
        tag("li", tag("b", "Has struck"), tag("small", summary)) if fault_counts else None,
        class_="state",
    )


def _render_panel(visitor: BrowserVisitor, title: str, name: str, rows: Child, *, save: str | None) -> Markup:
    off = tag("button", "Everything off", name="form", value="off", class_="button plain") if name == "often" else None
    buttons = tag("p", tag("button", save, name="form", value=name, class_="button"), off, class_="actions")
    hidden = None if save else tag("input", type="hidden", name="form", value=name)
    return tag(
        "form",
        tag("h2", title),
        tag("input", type="hidden", name="proof", value=visitor.csrf_token),
        hidden,
        rows,
        buttons if save else None,
        method="post",
        action="/chaos",
        id=name,
    )


def _render_one_time_fault(name: str, title: str, description: str) -> Markup:
    button = tag("button", title, name="action", value=name, class_="button plain")
    return tag("div", tag("span", tag("small", description)), button, class_="switchline")


def _render_recurring_faults(context: SimContext) -> list[Markup]:
    rows = []
    for names, heading in ((GATEWAY_FAULTS, "The gateway, of events"), (REST_FAULTS, "REST, of calls")):
        head = (tag("b", heading), tag("i", "how often"), tag("i", "the next"))
        rows.append(tag("div", head, class_="switchline head"))
        rows += [_render_fault_rate(name, context.chaos.faults[name]) for name in names]
    return rows


def _render_fault_rate(name: str, fault: Fault) -> Markup:
    title, description = RECURRING_FAULTS[name]
    percent = round(fault.share * 100)
    percent_labels = dict(_SHARE_OPTIONS) | ({} if percent in dict(_SHARE_OPTIONS) else {percent: f"{percent} %"})
    options = [
        tag("option", label, value=value, selected=value == percent) for value, label in sorted(percent_labels.items())
    ]
    return tag(
        "div",
        tag("span", tag("b", title), tag("small", description)),
        tag("select", options, name=f"{name}-share", aria_label=f"{title}: how often"),
        tag(
            "input", type="number", name=f"{name}-next", min=0, max=9999, value=fault.next, aria_label=f"{title}: next"
        ),
        class_="switchline on" if percent or fault.next else "switchline",
    )


def _render_intents(context: SimContext) -> list[Markup]:
    granted = context.world.application.privileged
    hint = tag("p", "The bot hears of a change when it next connects: end its session above.", class_="hint")
    return [
        hint,
        *(
            _render_checkbox(name, *labels, on=PrivilegedIntents[name.upper()] in granted)
            for name, labels in _INTENTS.items()
        ),
    ]


def _render_population(context: SimContext) -> list[Markup]:
    current_speed = context.population.speed
    speeds = sorted({*_SPEED_OPTIONS, current_speed})
    options = [
        tag("option", f"{factor:g} x", value=f"{factor:g}", selected=factor == current_speed) for factor in speeds
    ]
    speed = tag("select", options, name="speed", aria_label="Speed")
    caption = tag("span", tag("b", "Speed"), tag("small", "Once is a few events a second over all servers."))
    toggle = _render_checkbox("on", "Let them live", "They write, talk, come and go.", on=context.population.is_on)
    return [toggle, tag("div", caption, speed, class_="switchline")]


def _render_checkbox(name: str, title: str, description: str, *, on: bool) -> Markup:
    box = tag("input", type="checkbox", name=name, checked=on, class_="toggle")
    return tag("label", tag("span", tag("b", title), tag("small", description)), box, class_="switchline")
