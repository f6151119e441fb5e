"""Widgets of guilds, their last numbers, and how often they were seen and clicked."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import SNOWFLAKE, TIMESTAMPTZ, build_guild_key


class Widget(SQLModel, table=True):
    """A card with numbers of one guild for other sites, or the guild's public page.

    `public_id` is the unguessable id in its URLs. `settings` are those of `services.widget_settings`. A revoked widget
    is never shown again.
    """

    __table_args__ = (
        Index("widget_guild_id_id", "guild_id", "id"),
        Index(
            "widget_one_page_per_guild",
            "guild_id",
            unique=True,
            postgresql_where=text("is_page AND revoked_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = build_guild_key()
    public_id: str = Field(max_length=22, unique=True)
    is_page: bool = False
    settings: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ, default_factory=utc_now)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


def _build_widget_key() -> Any:
    return Field(sa_column=Column(BigInteger, ForeignKey("widget.id", ondelete="CASCADE"), primary_key=True))


class WidgetValue(SQLModel, table=True):
    """The last numbers of a widget, and when a process last began to compute them.

    `question` names what they depend on: numbers of another question are of no use. `numbers` are those of
    `widgets.numbers`, None until they were computed once.
    """

    __tablename__ = "widget_value"

    widget_id: int = _build_widget_key()
    question: str = Field(sa_type=Text)
    claimed_at: datetime = Field(sa_type=TIMESTAMPTZ)
    computed_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    numbers: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


class WidgetUse(SQLModel, table=True):
    """How often a widget was requested and its link followed on one day (UTC). Nothing about visitors is stored."""

    __tablename__ = "widget_use"

    widget_id: int = _build_widget_key()
    day: date = Field(primary_key=True)
    views: int = Field(default=0, sa_type=SNOWFLAKE)
    clicks: int = Field(default=0, sa_type=SNOWFLAKE)
