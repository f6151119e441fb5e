"""Every table that PostgreSQL keeps as rows, one noun a file. Importing this package fills `metadata` for alembic."""

from sqlmodel import SQLModel

from herwa_shared.models.api_key import ApiKey
from herwa_shared.models.channel import Channel
from herwa_shared.models.collector_run import CollectorRun
from herwa_shared.models.guild import Guild
from herwa_shared.models.guild_stay import GuildStay
from herwa_shared.models.history_coverage import HistoryCoverage
from herwa_shared.models.member import Member
from herwa_shared.models.process import Process

metadata = SQLModel.metadata

__all__ = [
    "ApiKey",
    "Channel",
    "CollectorRun",
    "Guild",
    "GuildStay",
    "HistoryCoverage",
    "Member",
    "Process",
    "metadata",
]
