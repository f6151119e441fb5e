"""Every table that PostgreSQL keeps as rows, one noun a file. Importing this package fills `metadata` for alembic."""

from sqlmodel import SQLModel

from herwa_shared.models.access_request import AccessRequest
from herwa_shared.models.access_rule import AccessRule
from herwa_shared.models.api_key import ApiKey
from herwa_shared.models.audit_entry import AuditEntry
from herwa_shared.models.channel import Channel
from herwa_shared.models.channel_list_entry import ChannelListEntry
from herwa_shared.models.collector_run import CollectorRun
from herwa_shared.models.entitlement_grant import EntitlementGrant
from herwa_shared.models.feature import Feature
from herwa_shared.models.feature_toggle import FeatureToggle
from herwa_shared.models.guild import Guild
from herwa_shared.models.guild_now import GuildNow
from herwa_shared.models.guild_stay import GuildStay
from herwa_shared.models.history_coverage import HistoryCoverage
from herwa_shared.models.kill_switch import KillSwitch
from herwa_shared.models.member import Member
from herwa_shared.models.member_stay import MemberStay
from herwa_shared.models.module import Module
from herwa_shared.models.module_toggle import ModuleToggle
from herwa_shared.models.process import Process
from herwa_shared.models.spent_login import SpentLogin
from herwa_shared.models.subscription import Subscription
from herwa_shared.models.surface import Surface
from herwa_shared.models.tier import Tier
from herwa_shared.models.tier_feature import TierFeature
from herwa_shared.models.tier_limit import TierLimit
from herwa_shared.models.user import User
from herwa_shared.models.user_guild import UserGuild
from herwa_shared.models.user_token import UserToken
from herwa_shared.models.voice_stay import VoiceStay
from herwa_shared.models.web_session import WebSession

metadata = SQLModel.metadata

__all__ = [
    "AccessRequest",
    "AccessRule",
    "ApiKey",
    "AuditEntry",
    "Channel",
    "ChannelListEntry",
    "CollectorRun",
    "EntitlementGrant",
    "Feature",
    "FeatureToggle",
    "Guild",
    "GuildNow",
    "GuildStay",
    "HistoryCoverage",
    "KillSwitch",
    "Member",
    "MemberStay",
    "Module",
    "ModuleToggle",
    "Process",
    "SpentLogin",
    "Subscription",
    "Surface",
    "Tier",
    "TierFeature",
    "TierLimit",
    "User",
    "UserGuild",
    "UserToken",
    "VoiceStay",
    "WebSession",
    "metadata",
]
