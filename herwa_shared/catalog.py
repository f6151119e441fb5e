"""What Herwa can do, as the code declares it: modules, features, tiers, limits. What is chosen of it lives in rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class ModuleKey(StrEnum):
    """A group of features that is switched and ruled as one."""

    ACTIVITY = "activity"
    VOICE = "voice"
    TICKETS = "tickets"
    DASHBOARD = "dashboard"
    API = "api"
    GOVERNANCE = "governance"
    ESSENTIALS = "essentials"


class FeatureKey(StrEnum):
    """One thing that can be switched, sold and ruled."""

    SERVER_STATS = "server.stats"
    VOICE_STATS = "voice.stats"
    TICKET_STATS = "ticket.stats"
    OVERVIEW = "dashboard.overview"
    API_STATISTICS = "api.statistics"
    FEATURES = "governance.features"
    PERMISSIONS = "governance.permissions"
    CHANNELS = "governance.channels"
    HELP = "essentials.help"
    WHY = "essentials.why"
    PREMIUM = "essentials.premium"


class TierKey(StrEnum):
    """The tiers that the code seeds and knows by name; operators may add rows of their own."""

    FREE = "free"
    PREMIUM = "premium"


class Limit(StrEnum):
    """What a tier grants as a number; None is unlimited."""

    HISTORY_DAYS = "history_days"
    WIDGETS = "widgets"
    API_KEYS = "api_keys"
    REQUESTS_PER_MINUTE = "requests_a_minute"
    EXPORT_ROWS = "export_rows"
    MEMBER_COMMANDS_PER_MINUTE = "member_commands_a_minute"
    GUILD_COMMANDS_PER_MINUTE = "guild_commands_a_minute"


class Essential(StrEnum):
    """How far a feature may be taken away."""

    NO = "no"
    PROTECTED = "kept"
    """Kill switch, tier and toggle do not reach it; access rules do."""
    ALWAYS = "always"
    """It answers everybody, everywhere, whatever is set."""


class Audience(StrEnum):
    """Who may use a surface where no access rule matches."""

    EVERYONE = "everyone"
    MANAGERS = "managers"
    """Members with Discord's Manage Server."""


class SurfaceKind(StrEnum):
    """What a feature drives. Each kind is declared by one room."""

    COMMAND = "command"
    MENU = "menu"
    PAGE = "page"
    API = "api"


@dataclass(frozen=True, slots=True)
class ModuleSpec:
    """A module as people read it."""

    key: ModuleKey
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """A feature as people read it, and what holds until somebody chooses otherwise."""

    key: FeatureKey
    module: ModuleKey
    title: str
    description: str
    lowest_tier: TierKey = TierKey.FREE
    on_by_default: bool = True
    essential: Essential = Essential.NO


@dataclass(frozen=True, slots=True)
class Surface:
    """One thing that a feature drives: `key` is its name among its kind, as `permissions allow` or `overview`."""

    kind: SurfaceKind
    key: str
    feature: FeatureKey
    title: str
    audience: Audience = Audience.EVERYONE
    name: str = field(init=False, repr=False, compare=False)
    """Kind and key in one word, as no other surface has it: found faster than a pair."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.kind}:{self.key}")


MODULES: Mapping[ModuleKey, ModuleSpec] = MappingProxyType(
    {
        module.key: module
        for module in (
            ModuleSpec(ModuleKey.ACTIVITY, "Activity", "How much is written, and by how many."),
            ModuleSpec(ModuleKey.VOICE, "Voice", "How long people talk, and how many."),
            ModuleSpec(ModuleKey.TICKETS, "Tickets", "Threads and posts in which people ask for something."),
            ModuleSpec(ModuleKey.DASHBOARD, "Dashboard", "The pages for those who manage the server."),
            ModuleSpec(ModuleKey.API, "API", "Numbers for the server's own programs."),
            ModuleSpec(ModuleKey.GOVERNANCE, "Governance", "Who may use what, and where."),
            ModuleSpec(ModuleKey.ESSENTIALS, "Essentials", "Help, and why something was refused."),
        )
    }
)

FEATURES: Mapping[FeatureKey, FeatureSpec] = MappingProxyType(
    {
        feature.key: feature
        for feature in (
            FeatureSpec(
                FeatureKey.SERVER_STATS, ModuleKey.ACTIVITY, "Server stats", "Charts the messages of the server."
            ),
            FeatureSpec(FeatureKey.VOICE_STATS, ModuleKey.VOICE, "Voice stats", "Charts the time in voice channels."),
            FeatureSpec(
                FeatureKey.TICKET_STATS, ModuleKey.TICKETS, "Ticket stats", "Charts the threads and posts opened."
            ),
            FeatureSpec(
                FeatureKey.OVERVIEW, ModuleKey.DASHBOARD, "Overview", "The page that shows how the server is doing."
            ),
            FeatureSpec(
                FeatureKey.API_STATISTICS, ModuleKey.API, "Statistics API", "The server's numbers for its programs."
            ),
            FeatureSpec(
                FeatureKey.FEATURES,
                ModuleKey.GOVERNANCE,
                "Features",
                "Switches features on and off.",
                essential=Essential.PROTECTED,
            ),
            FeatureSpec(
                FeatureKey.PERMISSIONS,
                ModuleKey.GOVERNANCE,
                "Access rules",
                "Rules who may use what, and where.",
                essential=Essential.PROTECTED,
            ),
            FeatureSpec(
                FeatureKey.CHANNELS, ModuleKey.GOVERNANCE, "Channel lists", "Keeps commands to the channels for them."
            ),
            FeatureSpec(
                FeatureKey.HELP,
                ModuleKey.ESSENTIALS,
                "Help",
                "Lists what a member may use.",
                essential=Essential.ALWAYS,
            ),
            FeatureSpec(
                FeatureKey.WHY,
                ModuleKey.ESSENTIALS,
                "Why",
                "Explains why something is allowed or refused.",
                essential=Essential.ALWAYS,
            ),
            FeatureSpec(
                FeatureKey.PREMIUM, ModuleKey.ESSENTIALS, "Premium", "Shows the server's tier and what it includes."
            ),
        )
    }
)


class SurfaceRegistry:
    """Every surface that one process serves, each found by its kind and key. `numbers` are their places in `all`."""

    def __init__(self, surfaces: Iterable[Surface]) -> None:
        self.all = tuple(surfaces)
        self.indexes: Mapping[Surface, int] = MappingProxyType(
            {surface: index for index, surface in enumerate(self.all)}
        )
        self._by_kind_and_key = {(surface.kind, surface.key): surface for surface in self.all}
        if len(self._by_kind_and_key) != len(self.all):
            raise ValueError("two surfaces of one kind have the same key")

    def find(self, kind: SurfaceKind, key: str) -> Surface | None:
        """None for what this process does not serve."""
        return self._by_kind_and_key.get((kind, key))
