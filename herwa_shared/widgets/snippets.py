"""The code that a site owner pastes into a page, for each form of a widget."""

from dataclasses import dataclass
from html import escape

from herwa_shared.services.widget_settings import ColorScheme, WidgetSettings, WidgetTemplate
from herwa_shared.widgets.drawing import Drawing


@dataclass(frozen=True, slots=True)
class Snippet:
    """A form of a widget and the code that shows it. `kind` is the last part of the name of its text."""

    kind: str
    code: str


def build_snippets(settings: WidgetSettings, drawing: Drawing, *, origin: str, public_id: str) -> tuple[Snippet, ...]:
    """Build the code of every form. `origin` is the public URL of Herwa."""
    url = f"{origin}/w/{public_id}"
    width, height = round(drawing.width * drawing.scale), round(drawing.height * drawing.scale)
    size = f'width="{width}" height="{height}"'
    title = escape(drawing.title)
    # With larger numbers badges become wider and others higher: the attributes only reserve the space.
    free_side = "width" if settings.template is WidgetTemplate.BADGE else "height"
    image = f'{size} style="max-width:100%;{free_side}:auto" alt="{title}" loading="lazy"'
    picture = f'<img src="{url}.png" {image}>'
    if settings.color_scheme is ColorScheme.AUTO:
        dark = f'<source srcset="{url}.dark.png" media="(prefers-color-scheme: dark)">'
        picture = f"<picture>{dark}{picture}</picture>"
    start, end = (f'<a href="{url}/go" rel="noopener">', "</a>") if settings.invite else ("", "")
    frame_style = f"border:0;max-width:100%;height:auto;aspect-ratio:{width}/{height};color-scheme:normal"
    return (
        Snippet(
            "script",
            f'<script async src="{origin}/embed/card.js"></script>\n<herwa-card widget="{public_id}"></herwa-card>',
        ),
        Snippet("iframe", f'<iframe src="{url}" {size} style="{frame_style}" title="{title}" loading="lazy"></iframe>'),
        Snippet("svg", f'{start}<img src="{url}.svg" {image}>{end}'),
        Snippet("png", f"{start}{picture}{end}"),
        Snippet("json", f"{url}.json"),
    )
