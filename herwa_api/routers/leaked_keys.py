"""Reports of leaked API keys: `/api/leaked-keys` for programs, `/api/leaked-keys/form` for the form of the page.

No log-in is needed. Who reports a key has it and could use it, so the response may say whether it was one.
"""

from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from herwa_api import texts
from herwa_api.app_state import AppDep, AppState
from herwa_api.error_pages import LEAK_FORM_PATH, render_report_page
from herwa_api.rate_limits.declared import SHARED_LEAK_REPORT_LIMIT, limit_leak_reports
from herwa_api.schemas.problems import PROBLEM_RESPONSES
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.services.api_key_leaks import MAX_KEYS, find_keys, revoke_leaked_keys

limited_log = RateLimitedLogger(get_logger(__name__))
router = APIRouter(tags=["keys"], responses={code: PROBLEM_RESPONSES[code] for code in (400, "4XX", "5XX")})
MAX_TEXT_LENGTH = 10_000


class LeakReportBody(BaseModel):
    """A report of leaked keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(max_length=MAX_TEXT_LENGTH, description=texts.FIELDS["leak_text"], examples=["sk_live_hw_…"])


class LeakReportResponse(BaseModel):
    """What was done about a report."""

    found: int = Field(description=texts.FIELDS["leak_found"], le=MAX_KEYS)
    revoked: int = Field(description=texts.FIELDS["leak_revoked"])


@router.post(
    "/api/leaked-keys",
    summary=texts.ROUTE_SUMMARIES["report_leak"],
    description=texts.ROUTE_DESCRIPTIONS["report_leak"],
    response_model=LeakReportResponse,
    dependencies=[SHARED_LEAK_REPORT_LIMIT],
)
@limit_leak_reports
async def report_leaked_keys(request: Request, body: LeakReportBody, app_state: AppDep) -> Response:
    """Revoke the keys in a text."""
    del request  # slowapi reads it
    found, revoked = await _revoke_keys(app_state, body.text)
    return OrjsonResponse({"found": found, "revoked": revoked})


@router.post(LEAK_FORM_PATH, include_in_schema=False, dependencies=[SHARED_LEAK_REPORT_LIMIT])
@limit_leak_reports
async def submit_leak_form(request: Request, app_state: AppDep) -> Response:
    """Revoke the keys in the text of the form, and respond with a page."""
    fields = parse_qs((await request.body()).decode(errors="replace"), max_num_fields=4)
    _, revoked = await _revoke_keys(app_state, fields.get("text", [""])[0][:MAX_TEXT_LENGTH])
    return render_report_page(revoked)


async def _revoke_keys(app_state: AppState, text: str) -> tuple[int, int]:
    """Return how many keys the text contains, and how many of them are real and now revoked."""
    keys = find_keys(text)
    if not keys:
        return 0, 0
    async with app_state.stores.database.transaction() as session:
        revoked = await revoke_leaked_keys(session, keys=keys, peppers=app_state.key_verifier.peppers)
    for key_id in revoked:
        limited_log.warning("API key reported as leaked", kind="leaked", key=key_id)
    return len(keys), len(revoked)
