"""One place in which a target may run."""

from sqlmodel import Field, SQLModel

from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.models.columns import SNOWFLAKE, guild_key, one_of, together


class ChannelListEntry(SQLModel, table=True):
    """One channel or category on the list of one target; a target without entries may run anywhere."""

    __tablename__ = "channel_list_entry"
    __table_args__ = (
        one_of("target_kind", TargetKind),
        together("target_kind", TargetKind.EVERYTHING, "target_key", ""),
    )

    guild_id: int = guild_key(primary_key=True)
    target_kind: str = Field(primary_key=True, max_length=16)
    target_key: str = Field(default="", primary_key=True, max_length=64)
    place_id: int = Field(sa_type=SNOWFLAKE, primary_key=True, sa_column_kwargs={"autoincrement": False})
