"""State of announcements in the operator's panel."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound
from herwa_shared.operators.announcements import (
    AnnouncementStatus,
    end_announcement,
    list_announcements,
    publish_announcement,
)
from herwa_shared.services.audit import Actor
from herwa_shared.services.tiers import list_tiers
from herwa_web.pages.admin import texts as panel_texts
from herwa_web.pages.admin.announcements import texts
from herwa_web.pages.admin.panel_state import PanelPageState, get_text, parse_number
from herwa_web.pages.admin.server.view_models import TextRow
from herwa_web.pages.admin.servers.state import PanelOption


@dataclass(frozen=True, slots=True)
class AnnouncementsData:
    """The data of the page. `tiers` are titles by key."""

    listed: tuple[AnnouncementStatus, ...]
    tiers: dict[str, str]


class AdminAnnouncementsState(PanelPageState, rx.State):
    """State of announcements. A row with a key is shown now."""

    rows: list[TextRow] = rx.field(default_factory=list)
    segments: list[PanelOption] = rx.field(default_factory=list)

    @rx.event(background=True, temporal=True)
    async def publish(self, form: dict[str, Any]) -> Any:
        """Publish an announcement."""
        text, tier, hours = get_text(form, "text"), get_text(form, "segment"), get_text(form, "hours")

        async def change(session: AsyncSession, actor: Actor) -> None:
            await publish_announcement(
                session, text=text, tier=tier or None, hours=parse_number(hours) or 0, actor=actor
            )

        return await self._change(change, done=texts.PUBLISHED)

    @rx.event(background=True, temporal=True)
    async def end_now(self, key: str) -> Any:
        """End an announcement."""
        announcement_id = parse_number(str(key))

        async def change(session: AsyncSession, actor: Actor) -> None:
            if announcement_id is None:
                raise NotFound
            await end_announcement(session, announcement_id=announcement_id, actor=actor)

        return await self._change(change, done=texts.ENDED_NOW)

    async def _fetch(self, session: AsyncSession, _url: Any) -> AnnouncementsData:
        tiers = {tier.key: tier.title for tier in await list_tiers(session)}
        return AnnouncementsData(await list_announcements(session), tiers)

    def _present(self, data: AnnouncementsData) -> None:
        self.segments = [PanelOption("", texts.EVERYONE, True)] + [
            PanelOption(key, texts.format_segment(title), False) for key, title in data.tiers.items()
        ]
        self.rows = [_build_row(status, data) for status in data.listed]


def _build_row(status: AnnouncementStatus, data: AnnouncementsData) -> TextRow:
    is_shown = status.is_shown(utc_now())
    ends = min(moment for moment in (status.ends_at, status.ended_at) if moment is not None)
    tier = None if status.tier is None else data.tiers.get(status.tier, status.tier)
    facts = [
        texts.format_segment(tier),
        texts.format_period(panel_texts.format_moment(status.starts_at), panel_texts.format_moment(ends)),
        status.by,
    ]
    badge = texts.SHOWN if is_shown else texts.ENDED
    return TextRow(status.text, facts, str(status.id) if is_shown else "", badge, "green" if is_shown else "")
