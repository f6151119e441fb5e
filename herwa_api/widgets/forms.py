"""The forms of a widget and their paths: `/w/{id}`, `/w/{id}.svg`, …; everything else below `/w/` is unknown."""

import re
from enum import StrEnum

from herwa_shared.services.widget_settings import ColorScheme
from herwa_shared.services.widgets import PUBLIC_ID_LENGTH

WIDGET_PREFIX = "/w/"
SCRIPT_PATH = "/embed/card.js"
_PUBLIC_ID = re.compile(rf"[A-Za-z0-9_-]{{{PUBLIC_ID_LENGTH}}}")
_ID_END = len(WIDGET_PREFIX) + PUBLIC_ID_LENGTH


class WidgetForm(StrEnum):
    """The forms, by what follows the id in the path."""

    DOCUMENT = ""
    SVG = ".svg"
    PNG = ".png"
    LIGHT_PNG = ".light.png"
    DARK_PNG = ".dark.png"
    JSON = ".json"
    LINK = "/go"


FORMS = {form.value: form for form in WidgetForm}
PNG_SCHEMES = {
    WidgetForm.PNG: ColorScheme.AUTO,
    WidgetForm.LIGHT_PNG: ColorScheme.LIGHT,
    WidgetForm.DARK_PNG: ColorScheme.DARK,
}
MEDIA_TYPES = {
    WidgetForm.DOCUMENT: "text/html; charset=utf-8",
    WidgetForm.SVG: "image/svg+xml",
    WidgetForm.PNG: "image/png",
    WidgetForm.LIGHT_PNG: "image/png",
    WidgetForm.DARK_PNG: "image/png",
    WidgetForm.JSON: "application/json",
    WidgetForm.LINK: "text/html; charset=utf-8",
}
READABLE_FORMS = (WidgetForm.SVG, WidgetForm.JSON)
"""The forms that scripts of allowed sites may read (CORS)."""
PAGE_FORMS = (WidgetForm.DOCUMENT, WidgetForm.LINK)
"""The forms of a public page."""


def is_widget_path(path: str) -> bool:
    """Return whether a path is below `/w/`, or that of the script."""
    return path.startswith((WIDGET_PREFIX, SCRIPT_PATH))


def parse_widget_path(path: str) -> tuple[str, WidgetForm]:
    """Parse a path below `/w/` to a public id and a form; the id is empty if there is no such path."""
    public_id, form = path[len(WIDGET_PREFIX) : _ID_END], FORMS.get(path[_ID_END:])
    if form is None or not _PUBLIC_ID.fullmatch(public_id):
        return "", form or WidgetForm.DOCUMENT
    return public_id, form
