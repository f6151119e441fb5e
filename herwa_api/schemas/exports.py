"""Query strings, bodies, response schemas and serializers of the routes about exports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StrictBool
from pydantic.json_schema import SkipJsonSchema

from herwa_api import texts
from herwa_api.pagination import CURSOR_EXAMPLE, CURSOR_PATTERN, CursorCodec
from herwa_api.schemas.ids import Snowflake
from herwa_shared.analytics.timezones import parse_moment
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.exports.events import ListedExportEvent
from herwa_shared.exports.jobs import PAUSED, ExportError, ExportPreview, ExportRequest, ExportState, build_status
from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_shared.models import ExportJob
from herwa_shared.models.exports import ExportEventType


class CreateExportBody(BaseModel):
    """What an export holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    data: list[DataSet] = Field(
        min_length=1, max_length=len(DataSet), description=texts.FIELDS["export_data"], examples=[["summaries"]]
    )
    format: ExportFormat = Field(ExportFormat.CSV, description=texts.FIELDS["export_format"])
    from_: str | None = Field(None, alias="from", description=texts.FIELDS["export_from"], examples=["2025-03-01"])
    to: str | None = Field(None, description=texts.FIELDS["export_to"], examples=["2025-04-01"])
    timezone: str | None = Field(None, description=texts.PARAMETERS["timezone"], examples=["Asia/Tokyo"])
    members: StrictBool = Field(False, description=texts.FIELDS["export_members"])
    channel_id: Snowflake | None = Field(
        None, description=texts.FIELDS["export_channel"], examples=["81384788765712385"]
    )

    def build_request(
        self, zone: ZoneInfo, *, first_start: datetime, now: datetime, with_pseudonyms: bool
    ) -> ExportRequest:
        """Build the request. Dates are midnights in `zone`. Raises BadRequest for an invalid time."""
        return ExportRequest(
            tuple(data_set for data_set in DataSet if data_set in self.data),
            self.format,
            first_start if self.from_ is None else parse_moment(self.from_, zone, field="from"),
            now if self.to is None else parse_moment(self.to, zone, field="to"),
            int(self.channel_id or 0),
            self.members,
            self.members and with_pseudonyms,
        )


class CreateExportQuery(BaseModel):
    """Query string of the route that creates an export."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dry_run: bool = Field(False, description=texts.PARAMETERS["export_dry_run"])


class ExportListQuery(BaseModel):
    """Query string of a list of exports."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(20, ge=1, le=100, description=texts.PARAMETERS["limit"])
    cursor: str | None = Field(
        None, pattern=CURSOR_PATTERN, description=texts.PARAMETERS["cursor"], examples=[CURSOR_EXAMPLE]
    )

    def parse_position(self, cursors: CursorCodec) -> int | None:
        """Return the id of the last item of the previous page. Raises BadRequest for a cursor of other parameters."""
        return None if self.cursor is None else cursors.parse(self, self.cursor, length=1)[0]


class ExportEventListQuery(ExportListQuery):
    """Query string of the list of events."""

    after: int = Field(0, ge=0, le=MAX_SNOWFLAKE, description=texts.PARAMETERS["export_event_after"], examples=[12])


class ExportResponse(BaseModel):
    """An export with its progress."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(examples=["7"])
    state: ExportState | str = Field(
        description=texts.FIELDS["export_state"],
        examples=["running"],
        json_schema_extra={"enum": [*(state.value for state in ExportState), PAUSED]},
    )
    error: ExportError | None = Field(description=texts.FIELDS["export_error"], examples=[None])
    data: list[DataSet] = Field(description=texts.FIELDS["export_data"])
    format: ExportFormat = Field(description=texts.FIELDS["export_format"])
    from_: datetime = Field(alias="from", examples=["2025-03-01T00:00:00+00:00"])
    to: datetime = Field(examples=["2025-04-01T00:00:00+00:00"])
    precise_from: datetime = Field(
        description=texts.FIELDS["export_precise_from"], examples=["2025-03-01T00:00:00+00:00"]
    )
    channel_id: str | None = Field(description=texts.FIELDS["export_channel"], examples=[None])
    members: bool = Field(description=texts.FIELDS["export_members"])
    pseudonyms: bool = Field(description=texts.FIELDS["export_pseudonyms"], examples=[False])
    created_at: datetime = Field(examples=["2025-04-01T09:00:00+00:00"])
    finished_at: datetime | None = Field(examples=[None])
    expires_at: datetime | None = Field(description=texts.FIELDS["export_expires_at"], examples=[None])
    rows: int = Field(description=texts.FIELDS["export_rows"], examples=[120_000])
    estimated_rows: int = Field(description=texts.FIELDS["export_estimated_rows"], examples=[480_000])
    rows_per_second: float = Field(examples=[250_000.5])
    seconds_left: int | None = Field(examples=[2])
    bytes: int | None = Field(examples=[None])
    etag: str | None = Field(description=texts.FIELDS["export_etag"], examples=[None])


class ExportListResponse(BaseModel):
    """A page of exports, newest first."""

    model_config = ConfigDict(extra="forbid")

    items: list[ExportResponse]
    next_cursor: str | SkipJsonSchema[None] = Field(None, description=texts.FIELDS["next_cursor"])


class ExportEventResponse(BaseModel):
    """An export became ready or failed."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description=texts.FIELDS["export_event_id"], examples=["12"])
    type: ExportEventType = Field(examples=["export.ready"])
    occurred_at: datetime = Field(examples=["2025-04-01T09:02:00+00:00"])
    export_id: str = Field(examples=["7"])


class ExportEventListResponse(BaseModel):
    """A page of events, oldest first."""

    model_config = ConfigDict(extra="forbid")

    items: list[ExportEventResponse]
    next_cursor: str | SkipJsonSchema[None] = Field(None, description=texts.FIELDS["next_cursor"])


class ExportPreviewResponse(BaseModel):
    """What an export would hold."""

    model_config = ConfigDict(extra="forbid")

    estimated_rows: int = Field(examples=[480_000])
    estimated_bytes: int = Field(examples=[40_800_000])
    parts: int = Field(description=texts.FIELDS["export_parts"], examples=[12])
    precise_from: datetime = Field(
        description=texts.FIELDS["export_precise_from"], examples=["2025-03-01T00:00:00+00:00"]
    )
    included: bool = Field(description=texts.FIELDS["export_included"], examples=[True])
    reason: str | None = Field(description=texts.FIELDS["export_reason"], examples=[None])


class ExportLinkResponse(BaseModel):
    """A link to the file of an export."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        description=texts.FIELDS["export_link_url"],
        examples=["/api/guilds/81384788765712384/exports/7/file?link=gAAAAABn"],
    )
    expires_at: datetime = Field(examples=["2025-04-01T09:10:00+00:00"])


class DownloadQuery(BaseModel):
    """Query string of the file of an export. Any token is accepted here: a wrong one is an unknown file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    link: str = Field("", max_length=2_000, description=texts.PARAMETERS["export_link"], examples=["gAAAAABn"])


def serialize_list(
    params: ExportListQuery, jobs: Sequence[ExportJob], cursors: CursorCodec, now: datetime
) -> dict[str, Any]:
    """Build the body from up to `limit + 1` exports; the last one only tells that there is a next page."""
    listed = jobs[: params.limit]
    next_page = {"next_cursor": cursors.format(params, [listed[-1].id or 0])} if len(jobs) > params.limit else {}
    return {"items": [build_status(job, now).to_json() for job in listed]} | next_page


def serialize_events(
    params: ExportEventListQuery, events: Sequence[ListedExportEvent], cursors: CursorCodec
) -> dict[str, Any]:
    """Build the body from up to `limit + 1` events; the last one only tells that there is a next page."""
    listed = events[: params.limit]
    next_page = {"next_cursor": cursors.format(params, [listed[-1].id])} if len(events) > params.limit else {}
    return {"items": [event.to_json() for event in listed]} | next_page


def serialize_preview(preview: ExportPreview, refusal: str | None) -> dict[str, Any]:
    """Build the body of a dry run. `refusal` is what does not allow the export."""
    return {
        "estimated_rows": preview.rows,
        "estimated_bytes": preview.size,
        "parts": len(preview.parts),
        "precise_from": preview.border_at.isoformat(),
        "included": refusal is None,
        "reason": refusal,
    }
