"""State of the operators' audit log."""

from typing import Any

import reflex as rx
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.operators.audit import ENTRIES_PER_PAGE, list_operator_entries
from herwa_shared.services.audit import AuditLogEntry
from herwa_web.pages.admin.panel_state import PanelPageState, parse_number
from herwa_web.pages.admin.server.view_models import TextRow, build_log_row
from herwa_web.panel import PANEL_URL

AUDIT_URL = f"{PANEL_URL}/audit"


class AdminAuditState(PanelPageState, rx.State):
    """State of the operators' audit log. `older_href` is the next page, empty on the last one."""

    rows: list[TextRow] = rx.field(default_factory=list)
    older_href: str = ""

    async def _fetch(self, session: AsyncSession, url: Any) -> tuple[AuditLogEntry, ...]:
        return await list_operator_entries(session, before=parse_number(str(url.query_parameters.get("before", ""))))

    def _present(self, data: tuple[AuditLogEntry, ...]) -> None:
        self.rows = [build_log_row(entry) for entry in data]
        has_older = len(data) == ENTRIES_PER_PAGE and data[-1].number > 1
        self.older_href = f"{AUDIT_URL}?before={data[-1].number}" if has_older else ""
