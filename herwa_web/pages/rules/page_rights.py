"""Dashboard rights: which roles may open which pages, as Discord's permissions and the access rules decide it."""

from dataclasses import dataclass

from herwa_shared.catalog import FEATURES, SurfaceKind
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_shared.guardrail.impact import HypotheticalMember
from herwa_shared.guardrail.member_impact import compute_access_matrix
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_web.navigation import PAGES
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.data import RulesData

MAX_ROLES = 12


@dataclass(frozen=True, slots=True)
class RightsColumn:
    """A role that opens the dashboard. `is_administrator`: no rule applies to it."""

    label: str
    is_administrator: bool


@dataclass(frozen=True, slots=True)
class RightsCell:
    """Whether a role may open a page; `text` says it in words."""

    allowed: bool
    text: str


@dataclass(frozen=True, slots=True)
class RightsRow:
    """A page, and the feature that a rule about it names; empty if it has the same name."""

    page_name: str
    feature: str
    cells: list[RightsCell]


def build_rights(data: RulesData, policy: GuildPolicy) -> tuple[list[RightsColumn], list[RightsRow]]:
    """Build the columns and rows: the highest roles of people with Manage Server or Administrator, and all pages."""
    everyone = next((role.permissions for role in data.roles if role.id == data.guild.id), 0)
    roles = [
        role
        for role in data.roles
        if not role.is_managed and (role.permissions | everyone) & (MANAGE_GUILD | ADMINISTRATOR)
    ][:MAX_ROLES]
    members = [
        HypotheticalMember(role_ids=frozenset([role.id]), permissions=everyone | role.permissions) for role in roles
    ]
    order = [item.name for item in PAGES]
    pages = [surface for surface in data.surfaces.all if surface.kind is SurfaceKind.PAGE and surface.key in order]
    pages.sort(key=lambda surface: order.index(surface.key))
    matrix = compute_access_matrix(policy, pages, members, at=data.now.timestamp())
    columns = [RightsColumn(f"@{role.name}", bool(role.permissions & ADMINISTRATOR)) for role in roles]
    rows = [
        RightsRow(
            surface.title,
            "" if FEATURES[surface.feature].title == surface.title else FEATURES[surface.feature].title,
            [
                RightsCell(allowed, texts.format_right(column.label, surface.title, allowed=allowed))
                for column, allowed in zip(columns, verdicts, strict=True)
            ],
        )
        for surface, verdicts in zip(pages, matrix, strict=True)
    ]
    return columns, rows
