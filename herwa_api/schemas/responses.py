"""Response schemas of the statistics routes, used only for the OpenAPI document.

The bodies are built in `schemas.serializers`; tests in `tests/api` validate them against the document.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from herwa_api import texts
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval

OptionalFlag = Literal[True] | SkipJsonSchema[None]


class _ResponseModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PointResponse(_ResponseModel):
    """One interval of a series."""

    t: str = Field(description=texts.FIELDS["t"], examples=["2025-03-01T00:00:00+09:00"])
    value: int | None = Field(description=texts.FIELDS["value"], examples=[412])
    partial: OptionalFlag = Field(None, description=texts.FIELDS["partial"])
    current: OptionalFlag = Field(None, description=texts.FIELDS["current"])
    estimated: OptionalFlag = Field(None, description=texts.FIELDS["estimated"])


class ChangeResponse(_ResponseModel):
    """The change of the total over the same elapsed time of both windows."""

    value: int = Field(description=texts.FIELDS["change_value"], examples=[12873])
    base: int = Field(description=texts.FIELDS["change_base"], examples=[9871])
    difference: int = Field(examples=[3002])
    ratio: float | None = Field(description=texts.FIELDS["change_ratio"], examples=[0.304])
    to: str = Field(description=texts.FIELDS["change_to"], examples=["2025-04-01T00:00:00+09:00"])
    base_to: str = Field(description=texts.FIELDS["change_base_to"], examples=["2025-03-01T00:00:00+09:00"])


class ComparisonResponse(_ResponseModel):
    """The same metric in the earlier window."""

    from_: str = Field(alias="from", examples=["2025-02-01T00:00:00+09:00"])
    to: str = Field(examples=["2025-03-01T00:00:00+09:00"])
    total: int | None = Field(description=texts.FIELDS["comparison_total"], examples=[9871])
    estimated: OptionalFlag = Field(None, description=texts.FIELDS["estimated_total"])
    p90: int | None = Field(None, description=texts.FIELDS["p90"])
    points: list[PointResponse]
    change: ChangeResponse | None = Field(description=texts.FIELDS["change"])
    approximate: OptionalFlag = Field(None, description=texts.FIELDS["approximate"])


class StatsResponse(_ResponseModel):
    """One metric over time."""

    guild_id: str = Field(examples=["81384788765712384"])
    metric: Metric
    from_: str = Field(alias="from", examples=["2025-03-01T00:00:00+09:00"])
    to: str = Field(examples=["2025-04-01T00:00:00+09:00"])
    interval: Interval
    timezone: str = Field(examples=["Asia/Tokyo"])
    total: int | None = Field(description=texts.FIELDS["total"], examples=[12873])
    estimated: OptionalFlag = Field(None, description=texts.FIELDS["estimated_total"])
    p90: int | None = Field(None, description=texts.FIELDS["p90"])
    points: list[PointResponse]
    approximate: OptionalFlag = Field(None, description=texts.FIELDS["approximate"])
    compare: ComparisonResponse | SkipJsonSchema[None] = Field(None, description=texts.FIELDS["compare"])


class SeriesResponse(_ResponseModel):
    """One of several metrics over time."""

    metric: Metric
    from_: str = Field(alias="from", examples=["2025-03-01T00:00:00+09:00"])
    to: str = Field(examples=["2025-04-01T00:00:00+09:00"])
    total: int | None = Field(description=texts.FIELDS["total"], examples=[12873])
    estimated: OptionalFlag = Field(None, description=texts.FIELDS["estimated_total"])
    p90: int | None = Field(None, description=texts.FIELDS["p90"])
    points: list[PointResponse]
    approximate: OptionalFlag = Field(None, description=texts.FIELDS["approximate"])
    compare: ComparisonResponse | SkipJsonSchema[None] = Field(None, description=texts.FIELDS["compare"])


class SeveralStatsResponse(_ResponseModel):
    """Several metrics over time."""

    guild_id: str = Field(examples=["81384788765712384"])
    interval: Interval
    timezone: str = Field(examples=["Asia/Tokyo"])
    series: list[SeriesResponse] = Field(description=texts.FIELDS["series"])


class RankingItemResponse(_ResponseModel):
    """One row of a ranking."""

    id: str = Field(examples=["381870129706958858"])
    name: str | None = Field(description=texts.FIELDS["name"], examples=["general"])
    value: int = Field(examples=[2157])


class RankingResponse(_ResponseModel):
    """Rows of a ranking, highest value first, ties by id."""

    items: list[RankingItemResponse]
    next_cursor: str | SkipJsonSchema[None] = Field(None, description=texts.FIELDS["next_cursor"])
    approximate: OptionalFlag = Field(None, description=texts.FIELDS["approximate"])


class HeatmapCellResponse(_ResponseModel):
    """One hour of the week."""

    weekday: int = Field(ge=1, le=7, description=texts.FIELDS["weekday"], examples=[1])
    hour: int = Field(ge=0, le=23, examples=[17])
    value: int | None = Field(
        description="0 without activity; null without data, and for an hour that is not in the window", examples=[299]
    )


class HeatmapResponse(_ResponseModel):
    """All 168 hours of the week."""

    cells: list[HeatmapCellResponse]
    approximate: OptionalFlag = Field(None, description=texts.FIELDS["approximate"])


class Problem(BaseModel):
    """An error (RFC 9457, `application/problem+json`)."""

    type: str = "about:blank"
    title: str = Field(examples=["Bad Request"])
    status: int = Field(examples=[400])
    code: str = Field(description=texts.FIELDS["problem_code"], examples=["bad_request"])
    detail: str = Field(description=texts.FIELDS["problem_detail"])
    reason: str = Field("", description=texts.FIELDS["problem_reason"], examples=["toggle"])
    errors: list[dict[str, Any]] = Field(default_factory=list, description=texts.FIELDS["problem_errors"])
    request_id: str = Field("", description=texts.FIELDS["problem_request_id"])
