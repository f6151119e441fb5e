"""State of one server in the operator's panel, and the acts on it."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.operators import server_changes
from herwa_shared.operators.server_detail import ServerDetails, load_server_details
from herwa_shared.operators.view_as import ActiveView, start_view, stop_view
from herwa_shared.services.audit import Actor
from herwa_shared.services.tiers import list_tiers, load_feature_titles
from herwa_web import auth
from herwa_web.pages.admin.panel_state import PanelPageState, get_text, parse_number
from herwa_web.pages.admin.server import texts
from herwa_web.pages.admin.server.view_models import PanelServerView, build_server_page
from herwa_web.pages.admin.servers.state import PanelOption

FEATURE_PREFIX, LIMIT_PREFIX = "feature:", "limit:"


@dataclass(frozen=True, slots=True)
class ServerPageData:
    """The data of the page: the server, titles of tiers and of features by key."""

    details: ServerDetails
    tiers: dict[str, str]
    features: dict[str, str]


@dataclass(frozen=True, slots=True)
class UndoStep:
    """What undoes the last act: the revocation of tiers, that of an override, or the deletion of a note."""

    guild_id: int
    grant_id: int | None = None
    note: str = ""


class AdminServerState(PanelPageState, rx.State):
    """State of one server. `ending` is the key of the override that the operator is asked about.

    `undo_text` is set after an act that can be undone.
    """

    view: PanelServerView = rx.field(default_factory=PanelServerView)
    tiers: list[PanelOption] = rx.field(default_factory=list)
    features: list[PanelOption] = rx.field(default_factory=list)
    ending: str = ""
    undo_text: str = ""
    _undo: UndoStep | None = None

    @rx.event(background=True, temporal=True)
    async def change_tier(self, form: dict[str, Any]) -> Any:
        """Grant, extend or revoke a tier."""
        act, reason, days = get_text(form, "act"), get_text(form, "reason"), get_text(form, "days")
        tier, guild_id = get_text(form, "tier"), self._read_server_id()
        done: list[UndoStep] = []

        async def change(session: AsyncSession, actor: Actor) -> None:
            number = _parse_days(days)
            match act:
                case "grant" | "trial":
                    await server_changes.grant_tier(
                        session,
                        guild_id=guild_id,
                        tier=tier,
                        days=number,
                        is_trial=act == "trial",
                        reason=reason,
                        actor=actor,
                    )
                case "extend":
                    if number is None:
                        raise BadRequest(texts.INVALID_NUMBER, field="days")
                    await server_changes.extend_tier(
                        session, guild_id=guild_id, days=number, reason=reason, actor=actor
                    )
                case "revoke":
                    await server_changes.revoke_tier(session, guild_id=guild_id, reason=reason, actor=actor)
                    done.append(UndoStep(guild_id))
                case _:
                    raise BadRequest(texts.UNKNOWN_ACT, field="act")

        result = await self._change(change, recent_login=act == "revoke")
        await self._offer_undo(done, texts.TIERS_REVOKED)
        return result

    @rx.event(background=True, temporal=True)
    async def add_override(self, form: dict[str, Any]) -> Any:
        """Grant a feature or limit beyond the tier."""
        what, value, reason = get_text(form, "what"), get_text(form, "value"), get_text(form, "reason")
        days, guild_id = get_text(form, "days"), self._read_server_id()

        async def change(session: AsyncSession, actor: Actor) -> None:
            number = _parse_days(days)
            if what.startswith(FEATURE_PREFIX):
                await server_changes.add_feature_override(
                    session,
                    guild_id=guild_id,
                    feature=what.removeprefix(FEATURE_PREFIX),
                    days=number,
                    reason=reason,
                    actor=actor,
                )
            elif (limit := what.removeprefix(LIMIT_PREFIX)) in set(Limit):
                await server_changes.add_limit_override(
                    session,
                    guild_id=guild_id,
                    limit=Limit(limit),
                    value=_parse_limit(value),
                    days=number,
                    reason=reason,
                    actor=actor,
                )
            else:
                raise BadRequest(texts.UNKNOWN_ACT, field="what")

        return await self._change(change)

    @rx.event(background=True, temporal=True)
    async def start_ending(self, key: str) -> Any:
        """Ask why an override should end; an empty key asks nothing."""
        await auth.load_operator(self)
        async with self:
            self.ending = str(key)

    @rx.event(background=True, temporal=True)
    async def end_override(self, form: dict[str, Any]) -> Any:
        """End the override that the operator was asked about."""
        reason, guild_id, grant_id = get_text(form, "reason"), self._read_server_id(), parse_number(self.ending)
        done: list[UndoStep] = []

        async def change(session: AsyncSession, actor: Actor) -> None:
            if grant_id is None:
                raise NotFound
            await server_changes.revoke_override(
                session, guild_id=guild_id, grant_id=grant_id, reason=reason, actor=actor
            )
            done.append(UndoStep(guild_id, grant_id))

        result = await self._change(change, recent_login=True)
        await self._offer_undo(done, texts.OVERRIDE_ENDED)
        return result

    @rx.event(background=True, temporal=True)
    async def undo(self) -> Any:
        """Undo the last act."""
        step = self._undo

        async def change(session: AsyncSession, actor: Actor) -> None:
            if step is None:
                raise NotFound
            if step.note:
                await server_changes.add_note(session, guild_id=step.guild_id, text=step.note, actor=actor)
                return
            author: dict[str, Any] = {"guild_id": step.guild_id, "reason": texts.UNDO, "actor": actor}
            if step.grant_id is None:
                await server_changes.restore_tier(session, **author)
            else:
                await server_changes.restore_override(session, grant_id=step.grant_id, **author)

        result = await self._change(change, recent_login=step is not None and not step.note, done=texts.UNDONE)
        async with self:
            self._undo, self.undo_text = None, ""
        return result

    @rx.event(background=True, temporal=True)
    async def start_view(self, form: dict[str, Any]) -> Any:
        """View the pages of the server as its owner sees them, and go there."""
        reason, guild_id = get_text(form, "reason"), self._read_server_id()
        visitor = await auth.load_visitor(self, fresh=True)
        managed_ids = frozenset(guild.id for guild in visitor.guilds if guild.can_manage)
        operator = await auth.load_operator(self)
        started: list[ActiveView] = []

        async def change(session: AsyncSession, actor: Actor) -> None:
            started.append(
                await start_view(
                    session, operator, guild_id=guild_id, managed_ids=managed_ids, reason=reason, actor=actor
                )
            )

        result = await self._change(change, recent_login=True)
        return rx.redirect(f"/g/{guild_id}") if started else result

    @rx.event(background=True, temporal=True)
    async def stop_view(self) -> Any:
        """Stop viewing a server."""
        operator = await auth.load_operator(self)

        async def change(session: AsyncSession, _actor: Actor) -> None:
            await stop_view(session, user_id=operator.user_id)

        return await self._change(change, done=texts.VIEW_STOPPED)

    @rx.event(background=True, temporal=True)
    async def add_note(self, form: dict[str, Any]) -> Any:
        """Add a note."""
        text, guild_id = get_text(form, "text", limit=1_000), self._read_server_id()

        async def change(session: AsyncSession, actor: Actor) -> None:
            await server_changes.add_note(session, guild_id=guild_id, text=text, actor=actor)

        return await self._change(change)

    @rx.event(background=True, temporal=True)
    async def delete_note(self, key: str) -> Any:
        """Delete a note."""
        note_id, guild_id = parse_number(str(key)), self._read_server_id()
        done: list[UndoStep] = []

        async def change(session: AsyncSession, actor: Actor) -> None:
            if note_id is None:
                raise NotFound
            text = await server_changes.delete_note(session, guild_id=guild_id, note_id=note_id, actor=actor)
            done.append(UndoStep(guild_id, note=text))

        result = await self._change(change)
        await self._offer_undo(done, texts.NOTE_DELETED)
        return result

    async def _fetch(self, session: AsyncSession, url: Any) -> ServerPageData:
        details = await load_server_details(session, guild_id=parse_server_id(url.path))
        tiers = {tier.key: tier.title for tier in await list_tiers(session)}
        return ServerPageData(details, tiers, dict(await load_feature_titles(session)))

    def _present(self, data: ServerPageData) -> None:
        self.view = build_server_page(data.details, utc_now())
        highest = list(data.tiers)[-1]
        self.tiers = [PanelOption(key, title, key == highest) for key, title in data.tiers.items()]
        self.features = [PanelOption(f"{FEATURE_PREFIX}{key}", title, False) for key, title in data.features.items()]
        self.ending = ""
        if self._undo is not None and str(self._undo.guild_id) != self.view.id:
            self._undo, self.undo_text = None, ""

    async def _offer_undo(self, steps: list[UndoStep], text: str) -> None:
        """Offer to undo the act that was done, in place of an earlier one; nothing if it failed."""
        if steps:
            async with self:
                self._undo, self.undo_text = steps[0], text

    def _read_server_id(self) -> int:
        return parse_server_id(self.router.url.path)


def parse_server_id(path: str) -> int:
    """Return the id in the path of a server's page. Raises NotFound for anything else."""
    number = parse_number(path.strip("/").rpartition("/")[2])
    if number is None or not 1 <= number <= MAX_SNOWFLAKE:
        raise NotFound
    return number


def _parse_days(text: str) -> int | None:
    """Parse a number of days; None for an empty text. Raises BadRequest for any other text."""
    number = parse_number(text)
    if text and number is None:
        raise BadRequest(texts.INVALID_NUMBER, field="days")
    return number


def _parse_limit(text: str) -> int | None:
    """Parse the value of a limit; an empty text is unlimited. Raises BadRequest."""
    number = parse_number(text)
    if text and number is None:
        raise BadRequest(texts.VALUE_HINT, field="value")
    return number
