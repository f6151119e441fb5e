"""Who may or may not use what, where and until when."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.models.columns import MOMENT, SNOWFLAKE, guild_key, one_of, together


class AccessRule(SQLModel, table=True):
    """One sentence of a guild. `subject_id` of a named Discord permission are its bits; no two rules say the same."""

    __tablename__ = "access_rule"
    __table_args__ = (
        one_of("subject_kind", SubjectKind),
        one_of("target_kind", TargetKind),
        one_of("place_kind", PlaceKind),
        together("subject_kind", SubjectKind.EVERYONE, "subject_id", 0),
        together("target_kind", TargetKind.EVERYTHING, "target_key", ""),
        together("place_kind", PlaceKind.EVERYWHERE, "place_id", 0),
        UniqueConstraint(
            "guild_id",
            "allow",
            "subject_kind",
            "subject_id",
            "target_kind",
            "target_key",
            "place_kind",
            "place_id",
            name="access_rule_says_it_once",
        ),
    )

    id: int | None = Field(default=None, sa_type=SNOWFLAKE, primary_key=True)
    guild_id: int = guild_key(index=True)
    allow: bool
    subject_kind: str = Field(max_length=16)
    subject_id: int = Field(default=0, sa_type=SNOWFLAKE)
    target_kind: str = Field(max_length=16)
    target_key: str = Field(default="", max_length=64)
    place_kind: str = Field(default=PlaceKind.EVERYWHERE, max_length=16)
    place_id: int = Field(default=0, sa_type=SNOWFLAKE)
    until: datetime | None = Field(default=None, sa_type=MOMENT)
    note: str = Field(default="", max_length=200)
    created_at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
    created_by: int | None = Field(default=None, sa_type=SNOWFLAKE)
