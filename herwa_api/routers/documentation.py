"""The interactive documentation of the API at `/api/docs`: Swagger UI, served from this origin.

Its files come from the package `fastapi-offline`. The page needs no inline script and evaluates none.
"""

from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

DOCUMENTATION_FOLDER = Path(__file__).parents[1] / "documentation"
# Swagger UI sets styles of elements, hence 'unsafe-inline' for styles.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
CACHE_CONTROL = "public, max-age=3600"

router = APIRouter(prefix="/api/docs", include_in_schema=False)


class _Asset(StrEnum):
    """The files of the page, by name in its URL."""

    SCRIPT = "swagger-ui-bundle.js"
    STYLE = "swagger-ui.css"
    START = "start.js"


@router.get("")
async def show_documentation() -> FileResponse:
    """Return the page."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": CACHE_CONTROL}
    return FileResponse(DOCUMENTATION_FOLDER / "index.html", headers=headers)


@router.get("/{asset}")
async def get_documentation_asset(asset: _Asset) -> FileResponse:
    """Return a script or style of the page."""
    folder = DOCUMENTATION_FOLDER if asset is _Asset.START else Path(str(files("fastapi_offline"))) / "static"
    return FileResponse(folder / asset, headers={"Cache-Control": CACHE_CONTROL})
