"""A command, menu, page or route, as discovery last registered it."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.catalog import Audience, SurfaceKind
from herwa_shared.models.columns import MOMENT, one_of


class Surface(SQLModel, table=True):
    """One thing that a feature drives; `key` is its name among its kind."""

    __table_args__ = (one_of("kind", SurfaceKind), one_of("audience", Audience))

    kind: str = Field(primary_key=True, max_length=16)
    key: str = Field(primary_key=True, max_length=64)
    feature_key: str = Field(foreign_key="feature.key", max_length=64)
    title: str = Field(max_length=100)
    audience: str = Field(max_length=16)
    retired_at: datetime | None = Field(default=None, sa_type=MOMENT)
