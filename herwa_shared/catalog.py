"""The catalog that the code declares: modules, features, tiers, limits, kinds of surfaces.

The settings that guilds and operators make are stored in PostgreSQL.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class ModuleKey(StrEnum):
    """A group of features. Toggles and access rules can target it as one."""

    ACTIVITY = "activity"
    VOICE = "voice"
    TICKETS = "tickets"
    DASHBOARD = "dashboard"
    API = "api"
    EXPORTS = "exports"
    SHARING = "sharing"
    GOVERNANCE = "governance"
    ESSENTIALS = "essentials"


class FeatureKey(StrEnum):
    """A feature: the unit of toggles, tiers and access rules."""

    SERVER_STATS = "server.stats"
    TOP = "activity.top"
    VOICE_STATS = "voice.stats"
    VOICE_TOP = "voice.top"
    TICKET_STATS = "ticket.stats"
    SUPPORT_CHANNELS = "ticket.channels"
    OVERVIEW = "dashboard.overview"
    API_STATISTICS = "api.statistics"
    API_SETTINGS = "api.settings"
    EXPORTS = "exports.summaries"
    EXPORT_HISTORY = "exports.history"
    WIDGETS = "sharing.widgets"
    FEATURES = "governance.features"
    PERMISSIONS = "governance.permissions"
    CHANNELS = "governance.channels"
    AUDIT = "governance.audit"
    SETTINGS = "governance.settings"
    HISTORY = "activity.history"
    HELP = "essentials.help"
    WHY = "essentials.why"
    PREMIUM = "essentials.premium"
    PRIVACY = "essentials.privacy"


class TierKey(StrEnum):
    """The tiers that the code seeds and refers to by name. Operators can add further rows."""

    FREE = "free"
    PREMIUM = "premium"


class Limit(StrEnum):
    """A limit that a tier defines as a number. None is unlimited."""

    HISTORY_DAYS = "history_days"
    WIDGETS = "widgets"
    API_KEYS = "api_keys"
    REQUESTS_PER_MINUTE = "requests_a_minute"
    EXPORT_ROWS = "export_rows"
    MEMBER_COMMANDS_PER_MINUTE = "member_commands_a_minute"
    GUILD_COMMANDS_PER_MINUTE = "guild_commands_a_minute"


class Scope(StrEnum):
    """What an API key may read or change."""

    STATS = "stats:read"
    MEMBERS = "members:read"
    MEMBER_IDS = "member_ids:read"
    EXPORTS = "exports:read"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    WIDGETS_READ = "widgets:read"
    WIDGETS_WRITE = "widgets:write"


class Essential(StrEnum):
    """Which settings can make a feature unavailable."""

    NO = "no"
    PROTECTED = "kept"
    """Exempt from kill switch, tier and toggle. Access rules apply."""
    ALWAYS = "always"
    """Available to everyone in every channel, independent of all settings."""


class Audience(StrEnum):
    """Who may use a surface if no access rule matches."""

    EVERYONE = "everyone"
    MANAGERS = "managers"
    """Members with Discord's Manage Server permission."""


class SurfaceKind(StrEnum):
    """The kind of a surface. Each kind is declared by exactly one package."""

    COMMAND = "command"
    MENU = "menu"
    PAGE = "page"
    API = "api"
    WIDGET = "widget"


@dataclass(frozen=True, slots=True)
class ModuleSpec:
    """Declaration of a module, with its texts for people."""

    key: ModuleKey
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """Declaration of a feature, with its texts for people and its defaults."""

    key: FeatureKey
    module: ModuleKey
    title: str
    description: str
    lowest_tier: TierKey = TierKey.FREE
    on_by_default: bool = True
    essential: Essential = Essential.NO


@dataclass(frozen=True, slots=True)
class Surface:
    """A command, menu entry, page or API route of a feature.

    `key` is unique within its kind, for example `permissions allow` or `overview`.
    """

    kind: SurfaceKind
    key: str
    feature: FeatureKey
    title: str
    audience: Audience = Audience.EVERYONE
    name: str = field(init=False, repr=False, compare=False)
    """Kind and key in one string, unique among all surfaces. A string is faster to look up than a tuple."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.kind}:{self.key}")


@dataclass(frozen=True, slots=True)
class ScopeSpec:
    """Declaration of a scope, with its texts for people. `requires` is a scope without which it allows nothing."""

    key: Scope
    title: str
    description: str
    requires: Scope | None = None


SCOPES: Mapping[Scope, ScopeSpec] = MappingProxyType(
    {
        scope.key: scope
        for scope in (
            ScopeSpec(Scope.STATS, "Statistics", "Read the numbers of the server and its channels"),
            ScopeSpec(Scope.MEMBERS, "Members", "Read the numbers of single members, under pseudonyms", Scope.STATS),
            ScopeSpec(Scope.MEMBER_IDS, "Member ids", "See the Discord ids and names of members", Scope.MEMBERS),
            ScopeSpec(Scope.EXPORTS, "Exports", "Create and download exports", Scope.STATS),
            ScopeSpec(Scope.SETTINGS_READ, "Read settings", "Read features, access rules, channel lists and audit log"),
            ScopeSpec(
                Scope.SETTINGS_WRITE,
                "Change settings",
                "Change features, access rules and channel lists",
                Scope.SETTINGS_READ,
            ),
            ScopeSpec(Scope.WIDGETS_READ, "Read widgets", "See the server's widgets, their addresses and their use"),
            ScopeSpec(
                Scope.WIDGETS_WRITE,
                "Change widgets",
                "Create, change and revoke widgets",
                Scope.WIDGETS_READ,
            ),
        )
    }
)
DEFAULT_SCOPES = (Scope.STATS, Scope.MEMBERS)

MODULES: Mapping[ModuleKey, ModuleSpec] = MappingProxyType(
    {
        module.key: module
        for module in (
            ModuleSpec(ModuleKey.ACTIVITY, "Activity", "Message activity"),
            ModuleSpec(ModuleKey.VOICE, "Voice", "Voice activity"),
            ModuleSpec(ModuleKey.TICKETS, "Tickets", "Support threads"),
            ModuleSpec(ModuleKey.DASHBOARD, "Dashboard", "Statistics on the web"),
            ModuleSpec(ModuleKey.API, "API", "Statistics for your own programs"),
            ModuleSpec(ModuleKey.EXPORTS, "Exports", "Files with the server's statistics"),
            ModuleSpec(ModuleKey.SHARING, "Sharing", "Numbers of the server for everyone"),
            ModuleSpec(ModuleKey.GOVERNANCE, "Governance", "Who can use what, where"),
            ModuleSpec(ModuleKey.ESSENTIALS, "Essentials", "Help, and why a command is blocked"),
        )
    }
)

FEATURES: Mapping[FeatureKey, FeatureSpec] = MappingProxyType(
    {
        feature.key: feature
        for feature in (
            FeatureSpec(FeatureKey.SERVER_STATS, ModuleKey.ACTIVITY, "Server stats", "Message activity chart"),
            FeatureSpec(
                FeatureKey.HISTORY, ModuleKey.ACTIVITY, "Past messages", "Messages from before Herwa was added"
            ),
            FeatureSpec(FeatureKey.TOP, ModuleKey.ACTIVITY, "Top lists", "Most active channels and members"),
            FeatureSpec(FeatureKey.VOICE_STATS, ModuleKey.VOICE, "Voice stats", "Voice activity chart"),
            FeatureSpec(FeatureKey.VOICE_TOP, ModuleKey.VOICE, "Top voice", "Members with the most time in voice"),
            FeatureSpec(FeatureKey.TICKET_STATS, ModuleKey.TICKETS, "Ticket stats", "Support threads chart"),
            FeatureSpec(
                FeatureKey.SUPPORT_CHANNELS, ModuleKey.TICKETS, "Support channels", "Channels whose threads are tickets"
            ),
            FeatureSpec(FeatureKey.OVERVIEW, ModuleKey.DASHBOARD, "Overview", "All statistics on one page"),
            FeatureSpec(FeatureKey.API_STATISTICS, ModuleKey.API, "Statistics API", "Statistics for your own programs"),
            FeatureSpec(FeatureKey.API_SETTINGS, ModuleKey.API, "Settings API", "Settings for your own programs"),
            FeatureSpec(FeatureKey.EXPORTS, ModuleKey.EXPORTS, "Summary exports", "Hourly summaries as CSV"),
            FeatureSpec(
                FeatureKey.EXPORT_HISTORY,
                ModuleKey.EXPORTS,
                "History exports",
                "All data of the server, in every format",
                lowest_tier=TierKey.PREMIUM,
            ),
            FeatureSpec(FeatureKey.WIDGETS, ModuleKey.SHARING, "Widgets", "Live cards on other sites, a public page"),
            FeatureSpec(
                FeatureKey.FEATURES,
                ModuleKey.GOVERNANCE,
                "Features",
                "Turn features on or off",
                essential=Essential.PROTECTED,
            ),
            FeatureSpec(
                FeatureKey.PERMISSIONS,
                ModuleKey.GOVERNANCE,
                "Access rules",
                "Who can use what, where",
                essential=Essential.PROTECTED,
            ),
            FeatureSpec(FeatureKey.CHANNELS, ModuleKey.GOVERNANCE, "Channel lists", "Limit commands to channels"),
            FeatureSpec(
                FeatureKey.AUDIT,
                ModuleKey.GOVERNANCE,
                "Audit log",
                "Who changed what, and undo",
                essential=Essential.PROTECTED,
            ),
            FeatureSpec(
                FeatureKey.SETTINGS,
                ModuleKey.GOVERNANCE,
                "Settings",
                "Time zone, weeks, who sees what about members",
                essential=Essential.PROTECTED,
            ),
            FeatureSpec(
                FeatureKey.HELP,
                ModuleKey.ESSENTIALS,
                "Help",
                "Commands you can use",
                essential=Essential.ALWAYS,
            ),
            FeatureSpec(
                FeatureKey.WHY,
                ModuleKey.ESSENTIALS,
                "Why",
                "Check why a command works or is blocked",
                essential=Essential.ALWAYS,
            ),
            FeatureSpec(FeatureKey.PREMIUM, ModuleKey.ESSENTIALS, "Premium", "This server's tier and what it includes"),
            FeatureSpec(
                FeatureKey.PRIVACY,
                ModuleKey.ESSENTIALS,
                "Privacy",
                "What is stored about you, and how to delete it",
                essential=Essential.ALWAYS,
            ),
        )
    }
)


class SurfaceRegistry:
    """The surfaces that one process serves. `indexes` are their positions in `all`."""

    def __init__(self, surfaces: Iterable[Surface]) -> None:
        self.all = tuple(surfaces)
        self.indexes: Mapping[Surface, int] = MappingProxyType(
            {surface: index for index, surface in enumerate(self.all)}
        )
        self._by_kind_and_key = {(surface.kind, surface.key): surface for surface in self.all}
        if len(self._by_kind_and_key) != len(self.all):
            raise ValueError("two surfaces of one kind have the same key")

    def find(self, kind: SurfaceKind, key: str) -> Surface | None:
        """Find a surface by kind and key. None if this process does not serve it."""
        return self._by_kind_and_key.get((kind, key))
