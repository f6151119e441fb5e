"""Log-ins that came back from Discord: each comes back once."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT


class SpentLogin(SQLModel, table=True):
    """The hash of one state that has been used. Kept a little longer than a state is valid."""

    __tablename__ = "spent_login"

    digest: bytes = Field(primary_key=True)
    at: datetime = Field(sa_type=MOMENT, default_factory=utc_now, index=True)
