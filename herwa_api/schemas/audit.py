"""Query string, response schemas and serializers of `…/audit`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from herwa_api import texts
from herwa_api.member_identities import MemberIdentities
from herwa_api.pagination import CURSOR_EXAMPLE, CURSOR_PATTERN, CursorCodec
from herwa_api.schemas.ids import Snowflake
from herwa_shared.analytics.timezones import parse_moment
from herwa_shared.errors import BadRequest
from herwa_shared.services.audit import ERASED, AuditFilter, AuditLogEntry, ChangeSource
from herwa_shared.services.audit_kinds import ACTIONS_BY_KIND

AuditKind = Literal[
    "features", "rules", "lists", "requests", "tickets", "history", "keys", "exports", "widgets", "tier"
]


class AuditQuery(BaseModel):
    """Query string of `…/audit`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    kind: AuditKind | None = Field(None, description=texts.PARAMETERS["audit_kind"], examples=["rules"])
    actor_id: Snowflake | None = Field(None, description=texts.PARAMETERS["actor_id"], examples=["235680515450626121"])
    from_: str | None = Field(None, alias="from", description=texts.PARAMETERS["audit_from"], examples=["2025-03-01"])
    to: str | None = Field(None, description=texts.PARAMETERS["audit_to"], examples=["2025-04-01"])
    timezone: str | None = Field(None, description=texts.PARAMETERS["timezone"], examples=["Asia/Tokyo"])
    limit: int = Field(50, ge=1, le=200, description=texts.PARAMETERS["limit"])
    cursor: str | None = Field(
        None, pattern=CURSOR_PATTERN, description=texts.PARAMETERS["cursor"], examples=[CURSOR_EXAMPLE]
    )

    def build_filter(self, zone: ZoneInfo) -> AuditFilter:
        """Build the filter. Dates are midnights in `zone`. Raises BadRequest for an invalid or empty window."""
        since, until = (
            None if text is None else parse_moment(text, zone, field=field)
            for field, text in (("from", self.from_), ("to", self.to))
        )
        if since is not None and until is not None and since >= until:
            raise BadRequest(texts.EMPTY_WINDOW, field="from")
        return AuditFilter(
            actor_id=int(self.actor_id) if self.actor_id else None,
            actions=ACTIONS_BY_KIND.get(self.kind or "", ()),
            since=since,
            until=until,
        )

    def parse_position(self, cursors: CursorCodec) -> int | None:
        """Return the number below which entries are listed. Raises BadRequest for a cursor of other parameters."""
        return None if self.cursor is None else cursors.parse(self, self.cursor, length=1)[0]


class ActorResponse(BaseModel):
    """Who made a change."""

    model_config = ConfigDict(extra="forbid")

    user_id: str | None = Field(description=texts.FIELDS["actor_user_id"], examples=["235680515450626121"])
    name: str | None = Field(description=texts.FIELDS["actor_name"], examples=["Ada"])
    via: ChangeSource = Field(description=texts.FIELDS["actor_via"])


class AuditEntryResponse(BaseModel):
    """A change of a setting."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(examples=["5012"])
    number: int = Field(description=texts.FIELDS["entry_number"], examples=[42])
    at: datetime = Field(examples=["2025-03-01T09:00:00.123456+00:00"])
    actor: ActorResponse
    action: str = Field(examples=["rule.add"])
    target: str = Field(description=texts.FIELDS["entry_target"], examples=["17"])
    before: dict[str, Any] | None = Field(description=texts.FIELDS["entry_before"], examples=[None])
    after: dict[str, Any] | None = Field(
        description=texts.FIELDS["entry_after"], examples=[{"enabled": False, "by_default": False}]
    )
    reason: str
    undoes: str | None = Field(description=texts.FIELDS["entry_undoes"])


class AuditPageResponse(BaseModel):
    """A page of the audit log, newest first."""

    model_config = ConfigDict(extra="forbid")

    items: list[AuditEntryResponse]
    next_cursor: str | SkipJsonSchema[None] = Field(None, description=texts.FIELDS["next_cursor"])


def serialize_entries(
    params: AuditQuery, entries: Sequence[AuditLogEntry], members: MemberIdentities, cursors: CursorCodec
) -> dict[str, Any]:
    """Build the body from up to `limit + 1` entries; the last one only tells that there is a next page."""
    listed = entries[: params.limit]
    has_next = len(entries) > params.limit
    items = [_serialize_entry(entry, members) for entry in listed]
    return {"items": items} | ({"next_cursor": cursors.format(params, [listed[-1].number])} if has_next else {})


def _serialize_entry(entry: AuditLogEntry, members: MemberIdentities) -> dict[str, Any]:
    user_id = entry.actor.user_id
    return {
        "id": str(entry.id),
        "number": entry.number,
        "at": entry.at.isoformat(),
        "actor": {
            "user_id": None if user_id is None else members.format_id(user_id),
            "name": entry.actor.name if user_id is None else members.format_name(entry.actor.name),
            "via": entry.actor.via,
        },
        "action": entry.action,
        "target": entry.target,
        "before": _hide_members("before", entry.before, entry, members),
        "after": _hide_members("after", entry.after, entry, members),
        "reason": entry.reason,
        "undoes": None if entry.undoes is None else str(entry.undoes),
    }


def _hide_members(path: str, value: Any, entry: AuditLogEntry, members: MemberIdentities) -> Any:
    """Return a value of the entry with its personal values as the caller sees members."""
    if path in entry.personal_fields:
        return value if value == ERASED else members.format_id(value)
    if isinstance(value, Mapping):
        return {key: _hide_members(f"{path}.{key}", item, entry, members) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide_members(f"{path}.{index}", item, entry, members) for index, item in enumerate(value)]
    return value
