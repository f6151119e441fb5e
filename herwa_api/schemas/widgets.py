"""Request bodies, response schemas and serializers of `/api/guilds/{guild_id}/widgets` and `…/public-page`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from herwa_api import widget_texts as texts
from herwa_api.schemas.ids import Snowflake
from herwa_api.widgets.forms import WIDGET_PREFIX, WidgetForm
from herwa_shared.services.widget_settings import (
    MAX_CHANNELS,
    MAX_METRICS,
    MAX_NAME_LENGTH,
    MAX_RADIUS,
    MAX_SITES,
    ColorScheme,
    NumberFormat,
    WidgetMetric,
    WidgetSize,
    WidgetTemplate,
)
from herwa_shared.services.widget_uses import WidgetUses
from herwa_shared.services.widgets import WidgetStatus

USE_DAYS = 30
HiddenBy = Literal["off", "revoked", "limit"]


class PageChangeBody(BaseModel):
    """Settings of the public page to change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    is_on: StrictBool | None = Field(None, description=texts.FIELDS["is_on"], examples=[True])
    metrics: list[WidgetMetric] | None = Field(
        None, min_length=1, max_length=MAX_METRICS, description=texts.FIELDS["metrics"], examples=[["active_members"]]
    )
    days: StrictInt | None = Field(None, description=texts.FIELDS["days"], examples=[30])
    accent: str | None = Field(None, max_length=7, description=texts.FIELDS["accent"], examples=["#5865f2"])
    background: str | None = Field(None, max_length=11, description=texts.FIELDS["background"], examples=[""])
    radius: StrictInt | None = Field(None, ge=0, le=MAX_RADIUS, description=texts.FIELDS["radius"], examples=[12])
    size: WidgetSize | None = Field(None, examples=["medium"])
    number_format: NumberFormat | None = Field(None, examples=["comma"])
    color_scheme: ColorScheme | None = Field(None, examples=["auto"])
    invite: str | None = Field(None, max_length=80, description=texts.FIELDS["invite"], examples=["abc123"])

    def to_value(self) -> dict[str, Any]:
        """Return the settings that the body has, for the service, which validates them further."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class WidgetChangeBody(PageChangeBody):
    """Settings of a widget to change."""

    name: str | None = Field(None, max_length=MAX_NAME_LENGTH, description=texts.FIELDS["name"], examples=["Blog"])
    template: WidgetTemplate | None = Field(None, examples=["sparkline"])
    channel_ids: list[Snowflake] | None = Field(
        None, max_length=MAX_CHANNELS, description=texts.FIELDS["channel_ids"], examples=[[]]
    )
    sites: list[str] | None = Field(
        None, max_length=MAX_SITES, description=texts.FIELDS["sites"], examples=[["https://example.com"]]
    )


class CreateWidgetBody(WidgetChangeBody):
    """Settings of a new widget; those that are missing have their defaults."""

    name: str = Field(max_length=MAX_NAME_LENGTH, description=texts.FIELDS["name"], examples=["Blog"])


class PageSettingsResponse(BaseModel):
    """The settings of the public page."""

    is_on: bool = Field(description=texts.FIELDS["is_on"])
    metrics: list[WidgetMetric] = Field(description=texts.FIELDS["metrics"])
    days: int = Field(description=texts.FIELDS["days"], examples=[30])
    accent: str = Field(description=texts.FIELDS["accent"], examples=["#5865f2"])
    background: str = Field(description=texts.FIELDS["background"], examples=[""])
    radius: int = Field(description=texts.FIELDS["radius"], examples=[12])
    size: WidgetSize
    number_format: NumberFormat
    color_scheme: ColorScheme
    invite: str = Field(description=texts.FIELDS["invite"], examples=["abc123"])


class WidgetSettingsResponse(PageSettingsResponse):
    """The settings of a widget."""

    name: str = Field(description=texts.FIELDS["name"], examples=["Blog"])
    template: WidgetTemplate
    channel_ids: list[str] = Field(description=texts.FIELDS["channel_ids"])
    sites: list[str] = Field(description=texts.FIELDS["sites"], examples=[["https://example.com"]])


class WidgetUrlsResponse(BaseModel):
    """The addresses of a widget's forms."""

    document: str = Field(examples=["https://herwa.example/w/f3mXv1o0Q2aXnD0mG0W2xA"])
    svg: str = Field(examples=["https://herwa.example/w/f3mXv1o0Q2aXnD0mG0W2xA.svg"])
    png: str = Field(examples=["https://herwa.example/w/f3mXv1o0Q2aXnD0mG0W2xA.png"])
    json_: str = Field(alias="json", examples=["https://herwa.example/w/f3mXv1o0Q2aXnD0mG0W2xA.json"])


class WidgetResponse(BaseModel):
    """A widget."""

    id: str = Field(examples=["7"])
    public_id: str = Field(description=texts.FIELDS["public_id"], examples=["f3mXv1o0Q2aXnD0mG0W2xA"])
    urls: WidgetUrlsResponse = Field(description=texts.FIELDS["urls"])
    hidden_by: HiddenBy | None = Field(description=texts.FIELDS["hidden_by"])
    created_at: str = Field(examples=["2025-03-01T09:00:00+00:00"])
    revoked_at: str | None
    settings: WidgetSettingsResponse
    views: list[int] = Field(description=texts.FIELDS["views"])
    clicks: list[int] = Field(description=texts.FIELDS["clicks"])


class PublicPageResponse(BaseModel):
    """The public page of a server."""

    id: str = Field(examples=["7"])
    url: str = Field(description=texts.FIELDS["page_url"], examples=["https://herwa.example/w/f3mXv1o0Q2aXnD0mG0W2xA"])
    hidden_by: HiddenBy | None = Field(description=texts.FIELDS["hidden_by"])
    created_at: str = Field(examples=["2025-03-01T09:00:00+00:00"])
    revoked_at: str | None
    settings: PageSettingsResponse
    views: list[int] = Field(description=texts.FIELDS["views"])
    clicks: list[int] = Field(description=texts.FIELDS["clicks"])


class WidgetListResponse(BaseModel):
    """The widgets of a server."""

    items: list[WidgetResponse]


def serialize_widget(widget: WidgetStatus, uses: WidgetUses, *, limit: int | None, origin: str) -> dict[str, Any]:
    """Build the body of a widget. `limit` is the tier's number, `origin` the public URL of Herwa."""
    url = f"{origin}{WIDGET_PREFIX}{widget.public_id}"
    return {
        "id": str(widget.id),
        "public_id": widget.public_id,
        "urls": {
            "document": url,
            "svg": f"{url}{WidgetForm.SVG}",
            "png": f"{url}{WidgetForm.PNG}",
            "json": f"{url}{WidgetForm.JSON}",
        },
        "hidden_by": find_hiding_reason(widget, limit),
        "created_at": widget.created_at.isoformat(),
        "revoked_at": None if widget.revoked_at is None else widget.revoked_at.isoformat(),
        "settings": widget.settings.to_value(),
        "views": list(uses.views),
        "clicks": list(uses.clicks),
    }


def serialize_page(page: WidgetStatus, uses: WidgetUses, *, limit: int | None, origin: str) -> dict[str, Any]:
    """Build the body of the public page, which has one form and some of the settings of a widget."""
    widget = serialize_widget(page, uses, limit=limit, origin=origin)
    body = {name: widget[name] for name in PublicPageResponse.model_fields if name in widget}
    settings = {name: widget["settings"][name] for name in PageSettingsResponse.model_fields}
    return body | {"url": widget["urls"]["document"], "settings": settings}


def find_hiding_reason(widget: WidgetStatus, limit: int | None) -> HiddenBy | None:
    """Find why visitors do not see a widget; None if they do."""
    if widget.revoked_at is not None:
        return "revoked"
    if not widget.settings.is_on:
        return "off"
    return None if widget.is_within(limit) else "limit"
