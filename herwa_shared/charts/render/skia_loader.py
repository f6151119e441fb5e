"""Load Skia on first use.

The error names the packages to install if a system library is missing. This module is separate from `png` because
`fonts` needs it and `png` imports `fonts`.
"""

from importlib import import_module
from typing import Any

from herwa_shared.errors import HerwaError

ENGINE_MODULE = "skia"


class RendererUnavailable(HerwaError):
    """Skia cannot be loaded, so that chart images are unavailable; everything else works."""

    code = "renderer_missing"
    status = 503
    message = "Images can't be drawn on this machine. Install their libraries: apt-get install libgl1 libegl1"


def load_skia() -> Any:
    """Import Skia.

    Raises RendererUnavailable, which names the missing library and the install command.
    """
    try:
        return import_module(ENGINE_MODULE)
    except ImportError as error:
        raise RendererUnavailable(f"{RendererUnavailable.message} ({error})") from error
