"""ASGI middleware that serves widgets, in front of everything else: a cached card costs a few look-ups in memory.

Neither the query string nor a cookie is looked at, so that a response depends on the path alone, and on `Origin` where
scripts of other sites may read it.
"""

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from herwa_api.request_metrics import RequestCounts
from herwa_api.widgets.cards import OUTAGE_ERRORS, WidgetCards, WidgetEntry
from herwa_api.widgets.forms import (
    READABLE_FORMS,
    SCRIPT_PATH,
    WIDGET_PREFIX,
    WidgetForm,
    is_widget_path,
    parse_widget_path,
)
from herwa_api.widgets.rendered import ALLOW_ORIGIN, RawHeaders, RenderedForm, is_known_body, read_conditions
from herwa_api.widgets.renderer import SCRIPT, UNAVAILABLE_FORMS, UNKNOWN_FORMS, render_form
from herwa_api.widgets.use_recorder import WidgetUseRecorder
from herwa_shared.charts.render.skia_loader import RendererUnavailable
from herwa_shared.runtime import http_problems as problems
from herwa_shared.runtime.client_address import get_address_group
from herwa_shared.runtime.fair_sharing import FairRateLimiter, RateLimit
from herwa_shared.runtime.http_problems import HttpProblem, send_problem
from herwa_shared.services.widget_settings import is_allowed_origin

TEMPLATES = {form: f"{WIDGET_PREFIX}{{id}}{form}" for form in WidgetForm}
READ_METHODS = ("GET", "HEAD")
NEW_ID_RATE = RateLimit(per_second=2, burst=60, min_per_second=0.5, min_burst=10, total_per_second=50)
"""Requests for widgets that this process does not know yet. Each costs a query."""
WRONG_METHOD = HttpProblem(405, "method_not_allowed", "Widgets can only be read.", {"Allow": "GET, HEAD"})


class WidgetMiddleware:
    """Respond to requests below `/w/`, and for the script of `<herwa-card>`; pass on all others."""

    def __init__(self, app: ASGIApp, *, cards: WidgetCards, uses: WidgetUseRecorder, counts: RequestCounts) -> None:
        self._app = app
        self._cards = cards
        self._uses = uses
        self._counts = counts
        self._new_ids = FairRateLimiter(NEW_ID_RATE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_widget_path(scope["path"]):
            await self._app(scope, receive, send)
        elif scope["method"] not in READ_METHODS:
            await send_problem(WRONG_METHOD, send)
        elif scope["path"] == SCRIPT_PATH:
            for message in _build_messages(scope, SCRIPT, ()):
                await send(message)
        else:
            await self._serve(scope, send)

    async def _serve(self, scope: Scope, send: Send) -> None:
        started_at = perf_counter()
        public_id, form = parse_widget_path(scope["path"])
        entry = self._cards.find(public_id)
        rendered = entry.forms.get(form) if entry is not None else None
        if rendered is None:
            if public_id and not self._cards.is_remembered(public_id) and not self._take_new_id(scope):
                await send_problem(problems.TOO_MANY_REQUESTS, send)
                return
            entry, rendered = await self._load(public_id, form)
        sites = entry.widget.status.settings.sites if entry is not None and form in READABLE_FORMS else ()
        start, body = _build_messages(scope, rendered, sites)
        await send(start)
        await send(body)
        status = start["status"]
        if entry is not None and status < 400 and scope["method"] == "GET":
            count = self._uses.count_click if form is WidgetForm.LINK else self._uses.count_view
            count(entry.widget.status.id)
        self._counts.add(scope, status, perf_counter() - started_at, template=TEMPLATES[form])

    async def _load(self, public_id: str, form: WidgetForm) -> tuple[WidgetEntry | None, RenderedForm]:
        """Load a widget and render a form of it."""
        if not public_id:
            return None, UNKNOWN_FORMS[form]
        try:
            entry = await self._cards.get(public_id)
        except OUTAGE_ERRORS:
            return None, UNAVAILABLE_FORMS[form]
        if entry is None or not entry.is_visible:
            return None, UNKNOWN_FORMS[form]
        rendered = entry.forms.get(form)
        if rendered is None:
            try:
                rendered = await render_form(entry, form)
            except RendererUnavailable:
                return None, UNAVAILABLE_FORMS[form]
            self._cards.store_form(entry, form, rendered)
        return entry, rendered

    def _take_new_id(self, scope: Scope) -> bool:
        self._new_ids.forget_idle()
        client = scope.get("client")
        address = get_address_group(client[0] if client else "")
        return self._new_ids.take_within(address, 0.0) is not None


def _build_messages(scope: Scope, rendered: RenderedForm, sites: tuple[str, ...]) -> tuple[Message, Message]:
    """Build the messages of a response. With `sites`, scripts of these may read it."""
    known, origin = read_conditions(scope)
    extra: RawHeaders = []
    if sites and origin is not None and is_allowed_origin(sites, origin.decode("latin-1")):
        extra = [(ALLOW_ORIGIN, origin)]
    is_known = known is not None and is_known_body(rendered, known)
    return rendered.build_messages(is_head=scope["method"] == "HEAD", is_known=is_known, extra=extra)
