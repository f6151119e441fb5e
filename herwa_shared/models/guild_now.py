"""How a guild does at this moment: what live counters show."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from herwa_shared.clock import utc_now
from herwa_shared.models.columns import MOMENT, guild_key


class GuildNow(SQLModel, table=True):
    """The newest numbers of one guild and when they changed; `online` is None until Discord has said it once."""

    __tablename__ = "guild_now"

    guild_id: int = guild_key(primary_key=True)
    online: int | None = None
    in_voice: int = 0
    at: datetime = Field(sa_type=MOMENT, default_factory=utc_now)
