"""A browser in which somebody is logged in."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, user_key


class WebSession(SQLModel, table=True):
    """One session. Only a hash of its id is kept; `seen_at` moves at most once a minute."""

    __tablename__ = "web_session"

    digest: bytes = Field(primary_key=True)
    user_id: int = user_key(index=True)
    created_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
    seen_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now, index=True)
