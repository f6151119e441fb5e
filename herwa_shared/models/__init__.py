"""Every table that PostgreSQL keeps as rows, one noun a file. Importing this package fills `metadata` for alembic."""

from sqlmodel import SQLModel

from herwa_shared.models.api_key import ApiKey
from herwa_shared.models.channel import Channel
from herwa_shared.models.collector_run import CollectorRun
from herwa_shared.models.guild import Guild
from herwa_shared.models.guild_now import GuildNow
from herwa_shared.models.guild_stay import GuildStay
from herwa_shared.models.history_coverage import HistoryCoverage
from herwa_shared.models.member import Member
from herwa_shared.models.member_stay import MemberStay
from herwa_shared.models.process import Process
from herwa_shared.models.spent_login import SpentLogin
from herwa_shared.models.user import User
from herwa_shared.models.user_guild import UserGuild
from herwa_shared.models.user_token import UserToken
from herwa_shared.models.voice_stay import VoiceStay
from herwa_shared.models.web_session import WebSession

metadata = SQLModel.metadata

__all__ = [
    "ApiKey",
    "Channel",
    "CollectorRun",
    "Guild",
    "GuildNow",
    "GuildStay",
    "HistoryCoverage",
    "Member",
    "MemberStay",
    "Process",
    "SpentLogin",
    "User",
    "UserGuild",
    "UserToken",
    "VoiceStay",
    "WebSession",
    "metadata",
]
