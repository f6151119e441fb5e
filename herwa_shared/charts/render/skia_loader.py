"""The one door to the drawing engine: it loads on first use, and says the mend where the machine lacks a library."""

from importlib import import_module
from typing import Any

from herwa_shared.errors import HerwaError

ENGINE_MODULE = "skia"


class RendererUnavailable(HerwaError):
    """Pictures cannot be drawn on this machine; everything else works."""

    code = "renderer_missing"
    status = 503
    message = "Pictures cannot be drawn here. On Debian or Ubuntu: apt-get install libgl1 libegl1"


def load_skia() -> Any:
    """The drawing engine. Raises RendererMissing, which names the missing library and the mend."""
    try:
        return import_module(ENGINE_MODULE)
    except ImportError as error:
        raise RendererUnavailable(f"{RendererUnavailable.message} ({error})") from error
