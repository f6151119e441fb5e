"""Query strings and bodies of the routes of the operator's panel."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from herwa_shared.catalog import Limit
from herwa_shared.models.operations import MAX_ANNOUNCEMENT_LENGTH, MAX_NOTE_LENGTH
from herwa_shared.operators.announcements import MAX_HOURS
from herwa_shared.operators.server_criteria import (
    MAX_QUERY_LENGTH,
    ServerActivity,
    ServerFilter,
    ServerSize,
    ServerTrouble,
)
from herwa_shared.operators.tier_editor import INHERITED, LimitChoice, TierDraft
from herwa_shared.services.audit import MAX_REASON_LENGTH
from herwa_shared.services.periods import MAX_DAYS

Days = Annotated[int, Field(ge=1, le=MAX_DAYS)]
Reason = Annotated[str, Field(min_length=1, max_length=MAX_REASON_LENGTH)]


class _AdminModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ServerSearchQuery(BaseModel):
    """Query string of the search of servers."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=MAX_QUERY_LENGTH)
    tier: str | None = Field(None, max_length=32)
    size: ServerSize | None = None
    activity: ServerActivity | None = None
    trouble: ServerTrouble | None = None

    def to_filter(self) -> ServerFilter:
        """Convert to the filter of the service."""
        return ServerFilter(self.q, self.tier, self.size, self.activity, self.trouble)


class TierGrantBody(_AdminModel):
    """Grant a tier; without `days` it has no end."""

    tier: str = Field(max_length=32)
    days: Days | None = None
    trial: bool = False
    reason: Reason


class ExtensionBody(_AdminModel):
    """Extend the current tier."""

    days: Days
    reason: Reason


class ReasonBody(_AdminModel):
    """An act that needs only a reason."""

    reason: Reason


class OverrideBody(_AdminModel):
    """Grant a feature or a limit beyond the tier. A limit with a `value` of null is unlimited."""

    feature: str | None = Field(None, max_length=64)
    limit: Limit | None = Field(None, strict=False)
    value: int | None = Field(None, ge=0)
    days: Days | None = None
    reason: Reason

    @model_validator(mode="after")
    def _require_one_target(self) -> Self:
        if (self.feature is None) == (self.limit is None):
            error_message = "give a feature or a limit"
            raise ValueError(error_message)
        return self


class NoteBody(_AdminModel):
    """A note that only operators see."""

    text: str = Field(min_length=1, max_length=MAX_NOTE_LENGTH)


class TierBody(_AdminModel):
    """What a tier should be. A limit that is not listed is inherited; null is unlimited.

    Without the id of a SKU the tier is not for sale.
    """

    features: list[Annotated[str, Field(max_length=64)]] = Field(max_length=200)
    limits: dict[Annotated[Limit, Field(strict=False)], Annotated[int, Field(ge=0)] | None]
    inherits: str | None = Field(None, max_length=32)
    sku_id: str | None = Field(None, pattern=r"^[0-9]{17,19}$")
    reason: Reason

    def to_draft(self, tier: str) -> TierDraft:
        """Convert to the draft of the service."""
        limits: dict[Limit, LimitChoice] = {limit: self.limits.get(limit, INHERITED) for limit in Limit}
        sku_id = None if self.sku_id is None else int(self.sku_id)
        return TierDraft(tier, frozenset(self.features), limits, self.inherits, sku_id)


class NewTierBody(_AdminModel):
    """A new tier, which is the next better one than `above` and inherits from it."""

    key: str = Field(max_length=32)
    title: str = Field(max_length=64)
    above: str = Field(max_length=32)
    reason: Reason


class LowestTierBody(_AdminModel):
    """The lowest tier with a feature."""

    tier: str = Field(max_length=32)
    reason: Reason


class AnnouncementBody(_AdminModel):
    """An announcement to the servers of a tier, or to all."""

    text: str = Field(min_length=1, max_length=MAX_ANNOUNCEMENT_LENGTH)
    tier: str | None = Field(None, max_length=32)
    hours: int = Field(ge=1, le=MAX_HOURS)
