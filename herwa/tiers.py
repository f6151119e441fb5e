"""`herwa tiers`: what is offered, features and limits by tier."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from herwa.operating import operating
from herwa_shared.catalog import Limit
from herwa_shared.config import Settings
from herwa_shared.services.kill_switches import kill_switches
from herwa_shared.services.tiers import TierStatus, feature_titles, list_tiers


@dataclass(frozen=True, slots=True)
class Offered:
    """Every tier, every feature by key with its title, and the reasons of kill switches by feature."""

    tiers: tuple[TierStatus, ...]
    features: Mapping[str, str]
    off: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        tiers = [
            {
                "key": tier.key,
                "title": tier.title,
                "rank": tier.rank,
                "inherits": tier.inherits,
                "features": sorted(tier.features),
                "limits": dict(tier.limits),
            }
            for tier in self.tiers
        ]
        return {"tiers": tiers, "kill_switches": dict(self.off)}


async def read_offer(settings: Settings) -> Offered:
    """What holds now."""
    async with operating(settings) as session:
        off = {one.feature: one.reason for one in await kill_switches(session)}
        return Offered(await list_tiers(session), await feature_titles(session), off)


def as_table(offered: Offered) -> Table:
    """Features, then limits, a column a tier."""
    table = Table("Feature or limit", "", box=None, pad_edge=False, header_style="bold")
    for tier in offered.tiers:
        table.add_column(tier.title, justify="right")
    for key, title in offered.features.items():
        off = " [red]off everywhere[/red]" if key in offered.off else ""
        table.add_row(f"{title}{off}", f"[dim]{key}[/dim]", *(_mark(key in tier.features) for tier in offered.tiers))
    table.add_section()
    for limit in Limit:
        title = limit.replace("_", " ").capitalize()
        table.add_row(title, f"[dim]{limit}[/dim]", *(_amount(tier.limits[limit]) for tier in offered.tiers))
    return table


def _mark(included: bool) -> str:
    return "[green]✓[/green]" if included else "[dim]·[/dim]"


def _amount(value: int | None) -> str:
    return "unlimited" if value is None else f"{value:,}"
