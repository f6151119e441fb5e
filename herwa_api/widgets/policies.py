"""Headers by which a form can be embedded: content security, framing, and scripts of other origins."""

from collections.abc import Mapping, Sequence

from herwa_api.widgets.forms import READABLE_FORMS, WidgetForm


def build_frame_headers(style_sources: Sequence[str], sites: Sequence[str], *, is_page: bool) -> Mapping[str, str]:
    """Build the headers of a document that only these sites may frame; any site without one, none for a page."""
    ancestors = "'none'" if is_page else " ".join(sites) or "*"
    directives = (
        "default-src 'none'",
        f"style-src {' '.join(style_sources)}",
        "base-uri 'none'",
        "form-action 'none'",
        f"frame-ancestors {ancestors}",
    )
    # Documents in pages that require it of everything that they embed; a widget loads nothing itself.
    return {
        "Content-Security-Policy": "; ".join(directives),
        "Cross-Origin-Embedder-Policy": "require-corp",
        "X-Robots-Tag": "all" if is_page else "noindex",
    }


def build_image_headers(style_sources: Sequence[str] = ()) -> Mapping[str, str]:
    """Build the headers of an image, which apply when it is opened by itself."""
    styles = f"; style-src {' '.join(style_sources)}" if style_sources else ""
    return {"Content-Security-Policy": f"default-src 'none'{styles}; frame-ancestors 'none'"}


def build_reader_headers(form: WidgetForm, sites: Sequence[str]) -> Mapping[str, str]:
    """Build the headers for scripts of other origins, as far as they are the same for all of them."""
    if form not in READABLE_FORMS:
        return {}
    return {"Vary": "Origin"} if sites else {"Access-Control-Allow-Origin": "*"}
