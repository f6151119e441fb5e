"""ORM models of the PostgreSQL tables; importing this package fills `metadata` for alembic.

Tables that only plain SQL uses have no model: `event_buffer`, `ingest_state`, `channel_coverage`, `event_key`,
`drain_request`, `policy_change`, `data_version`, `first_recorded_hour` and `account_change`.
"""

from sqlmodel import SQLModel

from herwa_shared.models.access import AccessRequest, AccessRuleRow, ChannelListEntry, RuleTest
from herwa_shared.models.accounts import UsedOAuthState, User, UserGuild, UserToken, WebSession
from herwa_shared.models.api_keys import ApiKey, ApiKeyRequest, ApiKeyUsage
from herwa_shared.models.audit import AuditEntry
from herwa_shared.models.catalog import (
    Feature,
    FeatureToggle,
    KillSwitch,
    Module,
    ModuleToggle,
    SurfaceRow,
    TierFeature,
    TierLimit,
    TierRow,
)
from herwa_shared.models.collection import (
    Backfill,
    CatchUpPeriod,
    CatchUpTask,
    CollectionGap,
    GatewaySession,
    HistoryImport,
    ImportedPeriod,
    JoinMessagePeriod,
    Process,
    VoiceSession,
)
from herwa_shared.models.directory import (
    Channel,
    GrowthEstimate,
    Guild,
    GuildLiveCounters,
    GuildMembership,
    Member,
    MembershipPeriod,
)
from herwa_shared.models.exports import ExportEvent, ExportJob, ExportPart
from herwa_shared.models.idempotency import IdempotentResponse
from herwa_shared.models.messages import DirectMessageMute, MessageSubscriber
from herwa_shared.models.operations import (
    AnnouncementRow,
    GuildActivity,
    JobRequest,
    OperatorDay,
    OperatorNote,
    OperatorView,
    StoreSize,
)
from herwa_shared.models.privacy import ErasureRequest, GuildDeletion, MemberDataView, PrivacyChoice
from herwa_shared.models.subscriptions import EntitlementCheck, EntitlementGrant, Subscription
from herwa_shared.models.tickets import SupportChannel, Ticket
from herwa_shared.models.widgets import Widget, WidgetUse, WidgetValue

metadata = SQLModel.metadata

__all__ = [
    "AccessRequest",
    "AccessRuleRow",
    "AnnouncementRow",
    "ApiKey",
    "ApiKeyRequest",
    "ApiKeyUsage",
    "AuditEntry",
    "Backfill",
    "CatchUpPeriod",
    "CatchUpTask",
    "Channel",
    "ChannelListEntry",
    "CollectionGap",
    "DirectMessageMute",
    "EntitlementCheck",
    "EntitlementGrant",
    "ErasureRequest",
    "ExportEvent",
    "ExportJob",
    "ExportPart",
    "Feature",
    "FeatureToggle",
    "GatewaySession",
    "GrowthEstimate",
    "Guild",
    "GuildActivity",
    "GuildDeletion",
    "GuildLiveCounters",
    "GuildMembership",
    "HistoryImport",
    "IdempotentResponse",
    "ImportedPeriod",
    "JobRequest",
    "JoinMessagePeriod",
    "KillSwitch",
    "Member",
    "MemberDataView",
    "MembershipPeriod",
    "MessageSubscriber",
    "Module",
    "ModuleToggle",
    "OperatorDay",
    "OperatorNote",
    "OperatorView",
    "PrivacyChoice",
    "Process",
    "RuleTest",
    "StoreSize",
    "Subscription",
    "SupportChannel",
    "SurfaceRow",
    "Ticket",
    "TierFeature",
    "TierLimit",
    "TierRow",
    "UsedOAuthState",
    "User",
    "UserGuild",
    "UserToken",
    "VoiceSession",
    "WebSession",
    "Widget",
    "WidgetUse",
    "WidgetValue",
    "metadata",
]
