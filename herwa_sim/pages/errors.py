"""The edge of the pages: who may call at all, and errors as a page or, for scripts, as JSON."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from herwa_shared.errors import BadRequest, Forbidden, HerwaError, NotFound
from herwa_sim.context import parts_of
from herwa_sim.oauth.registration import Wrong
from herwa_sim.pages.base_page import page
from herwa_sim.pages.markup import tag
from herwa_sim.rest.middleware import Handler, answer
from herwa_sim.world import Missing

Page = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LOCAL = ("127.0.0.1", "localhost", "[::1]")


def shown(handler: Page) -> Handler:
    """A page for people: what goes wrong is said on one."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await _let_in(request, handler)
        except HerwaError as error:
            return trouble(str(error), error.status, home=parts_of(request).registration.home)

    return handle


def scripted(handler: Page) -> Handler:
    """An address for our own script: what goes wrong is said as JSON."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await _let_in(request, handler)
        except HerwaError as error:
            return answer({"error": str(error)}, error.status)

    return handle


def trouble(sentence: str, status: int, *, home: str) -> web.Response:
    """A page that says what is wrong, and where to go."""
    return page(
        "That did not work",
        tag("h1", "That did not work"),
        tag("p", sentence, class_="lead"),
        tag("p", tag("a", "Back to Herwa", href=home, class_="button"), class_="actions"),
        layout="card",
        status=status,
    )


async def _let_in(request: web.Request, handler: Page) -> web.StreamResponse:
    """Only under a local name: a page elsewhere cannot point a name of its own at this machine and read along."""
    if request.host.rsplit(":", 1)[0] not in _LOCAL:
        raise Forbidden("The local Discord answers to localhost and 127.0.0.1 alone.")
    try:
        return await handler(request)
    except Missing as missing:
        raise NotFound(f"There is no such {missing.kind.lower()}.") from None
    except Wrong as wrong:
        raise BadRequest(str(wrong)) from None
    except KeyError as absent:
        raise BadRequest(f"The part {absent} is missing.") from None
    except (TypeError, ValueError) as wrong:
        raise BadRequest(f"A part is not what it should be: {wrong}.") from None
