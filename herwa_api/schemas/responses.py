"""Response schemas of the statistics routes, used only for the OpenAPI document.

The bodies are built in `schemas.serializers`; tests in `tests/api` validate them against the document.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval

OptionalFlag = Literal[True] | SkipJsonSchema[None]
TOTAL_DESCRIPTION = (
    "The sum; of active_members and voice_members the different people of the whole window, of members the newest "
    "number, or null where there is none"
)
APPROXIMATE_DESCRIPTION = "Set where hours had to be placed by where they start"


class _ResponseModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PointResponse(_ResponseModel):
    """One interval of a series."""

    t: str = Field(description="Start of the interval in the zone, with offset", examples=["2025-03-01T00:00:00+09:00"])
    value: int | None = Field(description="0 without activity, null without data", examples=[412])
    partial: OptionalFlag = Field(
        None, description="Set if only a part of the interval was recorded, or if the window cuts it"
    )
    current: OptionalFlag = Field(None, description="Set while the interval is running")


class ChangeResponse(_ResponseModel):
    """The change of the total over the same elapsed time of both windows."""

    value: int = Field(description="The total from `from` to `to`", examples=[12873])
    base: int = Field(description="The total of the earlier window up to `base_to`", examples=[9871])
    difference: int = Field(examples=[3002])
    ratio: float | None = Field(description="0.12 is 12% more; null if the base is below 20", examples=[0.304])
    to: str = Field(description="The end of the compared part of the window", examples=["2025-04-01T00:00:00+09:00"])
    base_to: str = Field(
        description="The end of the compared part of the earlier window", examples=["2025-03-01T00:00:00+09:00"]
    )


class ComparisonResponse(_ResponseModel):
    """The same metric in the earlier window."""

    from_: str = Field(alias="from", examples=["2025-02-01T00:00:00+09:00"])
    to: str = Field(examples=["2025-03-01T00:00:00+09:00"])
    total: int | None = Field(description="As of the window itself", examples=[9871])
    points: list[PointResponse]
    change: ChangeResponse | None = Field(
        description="null if a window was recorded less than 99%, so that a comparison would be unfair"
    )
    approximate: OptionalFlag = Field(None, description=APPROXIMATE_DESCRIPTION)


class StatsResponse(_ResponseModel):
    """One metric over time."""

    guild_id: str = Field(examples=["81384788765712384"])
    metric: Metric
    from_: str = Field(alias="from", examples=["2025-03-01T00:00:00+09:00"])
    to: str = Field(examples=["2025-04-01T00:00:00+09:00"])
    interval: Interval
    timezone: str = Field(examples=["Asia/Tokyo"])
    total: int | None = Field(description=TOTAL_DESCRIPTION, examples=[12873])
    points: list[PointResponse]
    approximate: OptionalFlag = Field(None, description=APPROXIMATE_DESCRIPTION)
    compare: ComparisonResponse | SkipJsonSchema[None] = Field(None, description="Only if asked for")


class RankingItemResponse(_ResponseModel):
    """One row of a ranking."""

    id: str = Field(examples=["381870129706958858"])
    name: str | None = Field(description="null when nobody ever told it", examples=["general"])
    value: int = Field(examples=[2157])


class RankingResponse(_ResponseModel):
    """Rows of a ranking, highest value first, ties by id."""

    items: list[RankingItemResponse]
    approximate: OptionalFlag = Field(None, description=APPROXIMATE_DESCRIPTION)


class HeatmapCellResponse(_ResponseModel):
    """One hour of the week."""

    weekday: int = Field(ge=1, le=7, description="1 is Monday", examples=[1])
    hour: int = Field(ge=0, le=23, examples=[17])
    value: int | None = Field(
        description="0 without activity; null without data, and for an hour that is not in the window", examples=[299]
    )


class HeatmapResponse(_ResponseModel):
    """All 168 hours of the week."""

    cells: list[HeatmapCellResponse]
    approximate: OptionalFlag = Field(None, description=APPROXIMATE_DESCRIPTION)


class Problem(BaseModel):
    """An error (RFC 9457, `application/problem+json`)."""

    type: str = "about:blank"
    title: str = Field(examples=["Bad Request"])
    status: int = Field(examples=[400])
    code: str = Field(description="The kind, for programs", examples=["bad_request"])
    detail: str = Field(description="What is wrong and what would be right")
    reason: str = Field("", description="Of a refusal: which step of the guardrail objected", examples=["toggle"])
    errors: list[dict[str, Any]] = Field(default_factory=list, description="For each wrong parameter: field, message")
    request_id: str = Field("", description="Of an unexpected failure, to ask the operator about")
