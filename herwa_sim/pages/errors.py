"""Request wrappers of the pages: host check, and errors as HTML or JSON."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from herwa_shared.errors import BadRequest, Forbidden, HerwaError, NotFound
from herwa_sim.context import get_context
from herwa_sim.oauth.registration import InvalidAuthorizationRequest
from herwa_sim.pages.base_page import render_page
from herwa_sim.pages.markup import tag
from herwa_sim.rest.middleware import Handler, respond_json
from herwa_sim.texts import actions
from herwa_sim.texts import channel as texts
from herwa_sim.world import EntityNotFound

PageHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def wrap_page(handler: PageHandler) -> Handler:
    """Wrap a page handler: errors are rendered as an HTML page."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await _run_handler(request, handler)
        except HerwaError as error:
            return render_error(str(error), error.status, herwa_origin=get_context(request).registration.herwa_origin)

    return handle


def wrap_script_endpoint(handler: PageHandler) -> Handler:
    """Wrap a handler that a script calls: errors are returned as JSON."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await _run_handler(request, handler)
        except HerwaError as error:
            return respond_json({"error": str(error)}, error.status)

    return handle


def render_error(error_text: str, status: int, *, herwa_origin: str) -> web.Response:
    """Render an error page with a link back to Herwa."""
    return render_page(
        texts.ERROR_TITLE,
        tag("h1", texts.ERROR_TITLE),
        tag("p", error_text, class_="lead"),
        tag("p", tag("a", texts.BACK_TO_HERWA, href=herwa_origin, class_="button"), class_="actions"),
        layout="card",
        status=status,
    )


async def _run_handler(request: web.Request, handler: PageHandler) -> web.StreamResponse:
    """Run the handler for local host names only, and convert exceptions to HerwaError.

    The host check prevents DNS rebinding: an external site could point its own domain at this machine and read the
    responses.
    """
    if request.host.rsplit(":", 1)[0] not in _LOCAL_HOSTS:
        raise Forbidden(texts.LOCAL_HOST_ONLY)
    try:
        return await handler(request)
    except EntityNotFound as not_found:
        raise NotFound(actions.format_missing_entity(not_found.kind)) from None
    except InvalidAuthorizationRequest as error:
        raise BadRequest(str(error)) from None
    except KeyError as key_error:
        raise BadRequest(actions.format_missing_field(str(key_error))) from None
    except (TypeError, ValueError) as error:
        raise BadRequest(actions.format_invalid_value(str(error))) from None
