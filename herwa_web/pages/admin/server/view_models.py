"""View models of one server in the operator's panel."""

from dataclasses import dataclass, field
from datetime import datetime

from herwa_shared.catalog import Limit
from herwa_shared.guardrail.texts import get_feature_title
from herwa_shared.operators.server_detail import RequestError, ServerDetails
from herwa_shared.operators.usage import LimitUsage
from herwa_shared.services.audit import AuditLogEntry
from herwa_shared.services.grants import GrantStatus
from herwa_shared.services.subscriptions import SubscriptionSource, SubscriptionStatus
from herwa_web.pages.admin import texts as panel_texts
from herwa_web.pages.admin.audit.texts import SOURCES, format_act
from herwa_web.pages.admin.server import texts
from herwa_web.pages.admin.servers.texts import TROUBLES
from herwa_web.pages.audit.view_models import format_values

MAX_PERCENT = 100


@dataclass(frozen=True, slots=True)
class PeriodBar:
    """A subscription on the time line: its place in percent of the line's length."""

    label: str
    source: str
    source_tone: str
    detail: str
    state: str
    tone: str
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class UsageBar:
    """A limit. `hint` says what is counted, `percent` is how much of it is used."""

    label: str
    hint: str
    text: str
    percent: int
    tone: str
    note: str


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """A feature or limit beyond the tier. `key` is empty if it has ended."""

    key: str
    label: str
    detail: str
    state: str
    tone: str


@dataclass(frozen=True, slots=True)
class TextRow:
    """A line with a title and facts. `key` identifies it to the handlers."""

    label: str
    facts: list[str]
    key: str = ""
    badge: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class PanelServerView:
    """One server."""

    name: str = ""
    id: str = ""
    tier: str = ""
    tier_end: str = ""
    facts: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    periods: list[PeriodBar] = field(default_factory=list)
    usage: list[UsageBar] = field(default_factory=list)
    overrides: list[OverrideRow] = field(default_factory=list)
    api_keys: list[TextRow] = field(default_factory=list)
    errors: list[TextRow] = field(default_factory=list)
    log: list[TextRow] = field(default_factory=list)
    notes: list[TextRow] = field(default_factory=list)


def build_server_page(details: ServerDetails, now: datetime) -> PanelServerView:
    """Build the view of a server."""
    server = details.server
    facts = [
        texts.format_owner(server.owner_id),
        panel_texts.format_members(server.member_count),
        panel_texts.format_events(server.events),
        texts.format_last_event(panel_texts.format_moment(server.last_event_at)),
        texts.format_joined(panel_texts.format_moment(server.joined_at)),
    ]
    if server.left_at is not None:
        facts.append(texts.format_left(panel_texts.format_moment(server.left_at)))
    return PanelServerView(
        server.name,
        str(server.id),
        details.tier_title,
        panel_texts.format_end(server.tier_ends),
        facts,
        [TROUBLES[trouble] for trouble in server.trouble],
        _build_periods(details.subscriptions, now),
        [_build_usage(usage) for usage in details.usage],
        [_build_override(override, now) for override in details.overrides],
        [
            TextRow(
                key.name,
                [f"…{key.hint}", texts.format_last_event(panel_texts.format_moment(key.last_used_at))],
                badge="" if key.is_valid(now) else texts.ENDED,
            )
            for key in details.keys
        ],
        [_build_error(error) for error in details.errors],
        [build_log_row(entry) for entry in details.entries],
        [TextRow(note.text, [note.by, panel_texts.format_moment(note.at)], key=str(note.id)) for note in details.notes],
    )


def build_log_row(entry: AuditLogEntry) -> TextRow:
    """Build a line of an audit log."""
    changes = format_values(entry.after or entry.before or {})
    via = SOURCES.get(entry.actor.via, str(entry.actor.via))
    facts = [panel_texts.format_moment(entry.at), entry.actor.name, via, changes, entry.reason]
    return TextRow(format_act(entry.action, entry.target), [fact for fact in facts if fact], key=str(entry.number))


def _build_periods(subscriptions: tuple[SubscriptionStatus, ...], now: datetime) -> list[PeriodBar]:
    """Place the subscriptions on a line from the first start to the last end, or to now."""
    if not subscriptions:
        return []
    ends = [_find_end(subscription) or now for subscription in subscriptions]
    first = min(subscription.starts_at for subscription in subscriptions)
    length = max((max(*ends, now) - first).total_seconds(), 1.0)
    bars = []
    for subscription, end in zip(subscriptions, ends, strict=True):
        start = round(MAX_PERCENT * (subscription.starts_at - first).total_seconds() / length)
        width = max(1, round(MAX_PERCENT * (end - subscription.starts_at).total_seconds() / length))
        bars.append(_build_period(subscription, now, min(start, MAX_PERCENT - 1), width))
    return bars


def _build_period(subscription: SubscriptionStatus, now: datetime, start: int, width: int) -> PeriodBar:
    starts = panel_texts.format_moment(subscription.starts_at)
    end = _find_end(subscription)
    ends = panel_texts.NO_END if end is None else panel_texts.format_moment(end)
    is_bought = subscription.source is SubscriptionSource.DISCORD
    parts = [
        texts.format_period(starts, ends),
        "" if is_bought else subscription.granted_by,
        subscription.reason,
    ]
    state, tone = _describe_period(subscription.starts_at, end, is_revoked=subscription.revoked_at is not None, now=now)
    return PeriodBar(
        subscription.tier,
        texts.SOURCES[subscription.source],
        "bought" if is_bought else "",
        " · ".join(part for part in parts if part),
        state,
        tone,
        start,
        min(width, MAX_PERCENT - start),
    )


def _find_end(subscription: SubscriptionStatus) -> datetime | None:
    ends = [moment for moment in (subscription.ends_at, subscription.revoked_at) if moment is not None]
    return min(ends) if ends else None


def _describe_period(starts: datetime, end: datetime | None, *, is_revoked: bool, now: datetime) -> tuple[str, str]:
    if is_revoked:
        return texts.REVOKED, "red"
    if starts > now:
        return texts.PLANNED, "amber"
    return (texts.LIVE, "green") if end is None or end > now else (texts.ENDED, "")


def _build_usage(usage: LimitUsage) -> UsageBar:
    percent = 0
    if usage.used and usage.allowed is not None:
        percent = min(MAX_PERCENT, MAX_PERCENT * usage.used // max(usage.allowed, 1))
    # More data than the tier shows is no problem: it is only hidden.
    tone = "red" if percent == MAX_PERCENT and usage.limit is not Limit.HISTORY_DAYS else ""
    return UsageBar(
        texts.LIMIT_TITLES[usage.limit],
        texts.USES[usage.limit],
        texts.format_usage(usage.used, usage.allowed),
        percent,
        tone,
        texts.GRANTED if usage.is_granted else "",
    )


def _build_override(override: GrantStatus, now: datetime) -> OverrideRow:
    state, tone = _describe_period(
        override.starts_at, override.ends_at, is_revoked=override.revoked_at is not None, now=now
    )
    if override.limit is None:
        title = get_feature_title(override.feature or "")
    else:
        title = f"{texts.LIMIT_TITLES[override.limit]}: {texts.format_limit(override.value)}"
    detail = " · ".join(
        part for part in (panel_texts.format_end(override.ends_at), override.granted_by, override.reason) if part
    )
    is_live = state in (texts.LIVE, texts.PLANNED)
    return OverrideRow(str(override.id) if is_live else "", title, detail, state, tone)


def _build_error(error: RequestError) -> TextRow:
    return TextRow(
        f"{error.endpoint} {error.code}", [panel_texts.format_moment(error.at)], badge=str(error.status), tone="red"
    )
