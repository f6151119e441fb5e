"""Every table that PostgreSQL keeps as rows, one noun a file. Importing this package fills `metadata` for alembic."""

from sqlmodel import SQLModel

from herwa_shared.models.access import AccessRequest, AccessRuleRow, ChannelListEntry
from herwa_shared.models.accounts import ApiKey, SpentLogin, User, UserGuild, UserToken, WebSession
from herwa_shared.models.audit import AuditEntry
from herwa_shared.models.catalog import (
    Feature,
    FeatureToggle,
    KillSwitch,
    Module,
    ModuleToggle,
    Surface,
    Tier,
    TierFeature,
    TierLimit,
)
from herwa_shared.models.collection import CollectorRun, HistoryCoverage, Process, VoiceStay
from herwa_shared.models.directory import Channel, Guild, GuildNow, GuildStay, Member, MemberStay
from herwa_shared.models.subscriptions import EntitlementGrant, Subscription

metadata = SQLModel.metadata

__all__ = [
    "AccessRequest",
    "AccessRuleRow",
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
