"""What Discord gave us to ask on behalf of a user."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.models.columns import MOMENT, user_key


class UserToken(SQLModel, table=True):
    """The newest access and refresh token of one user, sealed: a copy of this database asks Discord nothing."""

    __tablename__ = "user_token"

    user_id: int = user_key(primary_key=True)
    sealed: bytes
    expires_at: datetime = Field(sa_type=MOMENT)
