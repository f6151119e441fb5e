"""A member asks for a command that they were refused."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, SNOWFLAKE, guild_key, one_of


class Answer(StrEnum):
    """What a manager said."""

    ALLOWED = "allowed"
    DISMISSED = "dismissed"


class AccessRequest(SQLModel, table=True):
    """One question, open until it is answered; `rule_id` is the rule that allowed it, while that rule is there."""

    __tablename__ = "access_request"
    __table_args__ = (
        one_of("answer", Answer),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered_with_an_answer"),
        Index(
            "access_request_asked_once",
            "guild_id",
            "user_id",
            "command",
            unique=True,
            postgresql_where=text("answered_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = guild_key()
    user_id: int = Field(sa_type=SNOWFLAKE)
    user_name: str = Field(max_length=100)
    command: str = Field(max_length=64)
    channel_id: int = Field(sa_type=SNOWFLAKE)
    asked_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
    answered_at: datetime | None = Field(default=None, sa_type=MOMENT)
    answer: str | None = Field(default=None, max_length=16)
    answered_by: int | None = Field(default=None, sa_type=SNOWFLAKE)
    rule_id: int | None = Field(default=None, sa_type=SNOWFLAKE, foreign_key="access_rule.id", ondelete="SET NULL")
