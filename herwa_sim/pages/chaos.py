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
from herwa_sim.texts import chaos as texts
from herwa_sim.texts import users

_FAULT_SECONDS = {"limit": 1.0, "slow": 2.0}
_SHARE_OPTIONS = (0, 1, 5, 25, 50, 100)
_SPEED_OPTIONS = (0.5, 1.0, 4.0, 20.0, 100.0)


async def show_page(request: web.Request) -> web.Response:
    """Show the chaos page."""
    context, visitor = get_context(request), get_visitor(request)
    response = render_page(
        texts.TITLE,
        tag("h1", texts.TITLE),
        tag("p", texts.LEAD, class_="lead"),
        tag("div", _render_state(context), id="state"),
        _render_panel(
            visitor,
            texts.ONCE_PANEL,
            "once",
            [_render_one_time_fault(name, *labels) for name, labels in texts.ONE_TIME_FAULTS.items()],
            save=None,
        ),
        _render_panel(visitor, texts.OFTEN_PANEL, "often", _render_recurring_faults(context), save=texts.APPLY),
        _render_panel(visitor, texts.INTENTS_PANEL, "intents", _render_intents(context), save=texts.APPLY),
        _render_panel(visitor, texts.MEMBERS_PANEL, "people", _render_population(context), save=texts.APPLY),
        tag("p", tag("a", texts.BACK_TO_SERVERS, href="/"), class_="hint"),
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
        raise Forbidden(users.FORM_EXPIRED)
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
        await faults.set_faults(context, {name: _parse_fault(name, form) for name in texts.RECURRING_FAULTS})
    elif form["form"] == "off":
        await faults.disable_faults(context, {})
    elif form["form"] == "intents":
        await faults.update_application(context, {"privileged": [name for name in texts.INTENTS if name in form]})
    elif form["form"] == "people":
        await members.update_population(context, {"on": "on" in form, "speed": float(form["speed"])})
    else:
        raise BadRequest(texts.UNKNOWN_FORM)


def _parse_fault(name: str, form: Mapping[str, str]) -> Json:
    fault: Json = {"share": int(form[f"{name}-share"]) / 100, "next": int(form.get(f"{name}-next") or 0)}
    return fault | ({"seconds": _FAULT_SECONDS[name]} if name in _FAULT_SECONDS else {})


def _render_state(context: SimContext) -> Markup:
    sessions = [
        tag(
            "li",
            tag("b", texts.format_shard(session.identity.shard[0])),
            tag(
                "span",
                texts.CONNECTED if session.socket else texts.DISCONNECTED,
                class_="good" if session.socket else "bad",
            ),
            tag("small", texts.format_session(session.sequence, session.acknowledged, session.resumes)),
        )
        for session in context.session_manager.sessions.values()
    ]
    fault_counts = {name: fault.struck for name, fault in context.chaos.faults.items() if fault.struck}
    summary = ", ".join(
        texts.format_fault_count(texts.RECURRING_FAULTS[name][0], count) for name, count in fault_counts.items()
    )
    return tag(
        "ul",
        sessions or tag("li", tag("b", texts.BOT), tag("span", texts.NOT_CONNECTED, class_="bad")),
        tag(
            "li",
            tag("b", texts.FAULTS),
            tag("span", texts.FAULTS_ON, class_="bad") if context.chaos.is_on else tag("span", texts.FAULTS_OFF),
        ),
        tag("li", tag("b", texts.FAULTS_SO_FAR), tag("small", summary)) if fault_counts else None,
        class_="state",
    )


def _render_panel(visitor: BrowserVisitor, title: str, name: str, rows: Child, *, save: str | None) -> Markup:
    off = (
        tag("button", texts.TURN_ALL_OFF, name="form", value="off", class_="button plain") if name == "often" else None
    )
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
    rows = [tag("p", texts.OFTEN_HINT, class_="hint")]
    for names, heading in ((GATEWAY_FAULTS, texts.GATEWAY_FAULTS), (REST_FAULTS, texts.REST_FAULTS)):
        head = (tag("b", heading), tag("i", texts.SHARE_COLUMN), tag("i", texts.NEXT_COLUMN))
        rows.append(tag("div", head, class_="switchline head"))
        rows += [_render_fault_rate(name, context.chaos.faults[name]) for name in names]
    return rows


def _render_fault_rate(name: str, fault: Fault) -> Markup:
    title, description = texts.RECURRING_FAULTS[name]
    percent = round(fault.share * 100)
    options = [
        tag("option", texts.format_share(value), value=value, selected=value == percent)
        for value in sorted({*_SHARE_OPTIONS, percent})
    ]
    return tag(
        "div",
        tag("span", tag("b", title), tag("small", description)),
        tag("select", options, name=f"{name}-share", aria_label=texts.format_share_label(title)),
        tag(
            "input",
            type="number",
            name=f"{name}-next",
            min=0,
            max=9999,
            value=fault.next,
            aria_label=texts.format_next_label(title),
        ),
        class_="switchline on" if percent or fault.next else "switchline",
    )


def _render_intents(context: SimContext) -> list[Markup]:
    granted = context.world.application.privileged
    hint = tag("p", texts.INTENTS_HINT, class_="hint")
    return [
        hint,
        *(
            _render_checkbox(name, *labels, on=PrivilegedIntents[name.upper()] in granted)
            for name, labels in texts.INTENTS.items()
        ),
    ]


def _render_population(context: SimContext) -> list[Markup]:
    current_speed = context.population.speed
    speeds = sorted({*_SPEED_OPTIONS, current_speed})
    options = [
        tag("option", texts.format_speed(factor), value=f"{factor:g}", selected=factor == current_speed)
        for factor in speeds
    ]
    speed = tag("select", options, name="speed", aria_label=texts.SPEED)
    caption = tag("span", tag("b", texts.SPEED), tag("small", texts.SPEED_DESCRIPTION))
    toggle = _render_checkbox("on", texts.ACTIVITY, texts.ACTIVITY_DESCRIPTION, on=context.population.is_on)
    return [toggle, tag("div", caption, speed, class_="switchline")]


def _render_checkbox(name: str, title: str, description: str, *, on: bool) -> Markup:
    box = tag("input", type="checkbox", name=name, checked=on, class_="toggle")
    return tag("label", tag("span", tag("b", title), tag("small", description)), box, class_="switchline")
