"""A module of features, as discovery last registered it."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.models.columns import MOMENT


class Module(SQLModel, table=True):
    """One module. `position` is its place in the code's order; a module that the code no longer has is retired."""

    key: str = Field(primary_key=True, max_length=32)
    title: str = Field(max_length=64)
    sentence: str = Field(max_length=200)
    position: int = 0
    retired_at: datetime | None = Field(default=None, sa_type=MOMENT)
