"""View models of the API keys page: keys as rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from herwa_shared.catalog import SCOPES
from herwa_shared.charts.formatting import format_day
from herwa_shared.charts.sparkline import build_sparkline_paths
from herwa_shared.guardrail.texts import format_local_time
from herwa_shared.services.api_key_allowance import KeyAllowance
from herwa_shared.services.api_key_format import LIVE_PREFIX, TEST_PREFIX
from herwa_shared.services.api_key_usage import KeyUsage
from herwa_shared.services.api_keys import KeyEnd, KeyStatus
from herwa_web.page_names import PageNames
from herwa_web.pages.keys import texts

USAGE_DAYS = 7
SPARKLINE_HEIGHT = 28


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key. `state` is a badge in the color `tone`; `facts` are what is known about it.

    `usage` and the sparkline (`line`, `area`) are its requests of the last days; empty without any.
    """

    key: str
    name: str
    hint: str
    is_test: bool
    is_valid: bool
    can_rotate: bool
    state: str
    tone: str
    scopes: list[str]
    facts: list[str]
    usage: str
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class KeysData:
    """The data of the page. `usage` is that of valid keys, by id; `allowance` is about live keys."""

    all_keys: tuple[KeyStatus, ...]
    usage: Mapping[int, KeyUsage]
    allowance: KeyAllowance
    test_allowance: KeyAllowance
    names: PageNames
    now: datetime


def build_key_rows(data: KeysData) -> tuple[list[KeyRow], list[KeyRow]]:
    """Build the rows of valid keys and of those that have ended, newest first."""
    rows = [_build_row(key, data) for key in data.all_keys]
    return [row for row in rows if row.is_valid], [row for row in rows if not row.is_valid]


def _build_row(key: KeyStatus, data: KeysData) -> KeyRow:
    is_valid = key.is_valid(data.now)
    state, tone = _describe_state(key, data, is_valid=is_valid)
    prefix = TEST_PREFIX if key.is_test else LIVE_PREFIX
    return KeyRow(
        str(key.id),
        key.name,
        f"{prefix}…{key.hint}",
        key.is_test,
        is_valid,
        is_valid and key.successor_id is None,
        state,
        tone,
        [spec.title for scope, spec in SCOPES.items() if scope in key.scopes],
        _list_facts(key, data),
        *_describe_usage(data.usage.get(key.id)),
    )


def _describe_usage(usage: KeyUsage | None) -> tuple[str, str, str]:
    if usage is None or not usage.requests:
        return "", "", ""
    days = [usage.first_day + timedelta(days=number) for number in range(USAGE_DAYS)]
    counts = [sum(item.requests for item in usage.endpoints if item.day == day) for day in days]
    errors = sum(item.client_errors + item.server_errors for item in usage.endpoints)
    line, area = build_sparkline_paths(counts, height=SPARKLINE_HEIGHT)
    return texts.format_usage(usage.requests, errors, USAGE_DAYS), line, area


def _describe_state(key: KeyStatus, data: KeysData, *, is_valid: bool) -> tuple[str, str]:
    if is_valid:
        if key.successor_id is None or key.expires_at is None:
            return "", ""
        return texts.format_replaced(_format_time(key.expires_at, data)), "amber"
    if key.end_reason is KeyEnd.BOT_LEFT:
        return texts.ENDED, ""
    if key.successor_id is not None:
        return texts.REPLACED, ""
    return (texts.EXPIRED if key.revoked_at is None else texts.REVOKED), ""


def _list_facts(key: KeyStatus, data: KeysData) -> list[str]:
    created = key.created_at.astimezone(data.names.zone)
    facts = [
        texts.NEVER_USED if key.last_used_at is None else texts.format_last_used(_format_time(key.last_used_at, data)),
        texts.format_created(f"{format_day(created)}, {created.year}"),
    ]
    if key.expires_at is not None and key.successor_id is None:
        facts.append(texts.format_expires(_format_time(key.expires_at, data)))
    facts.append(", ".join(key.networks) or texts.ANY_ADDRESS)
    return facts


def _format_time(moment: datetime, data: KeysData) -> str:
    return format_local_time(moment, data.names.zone)
