"""Rules as they are kept: as a row, as what the audit log says of them, and back."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.words import title_of
from herwa_shared.models import AccessRule
from herwa_shared.services.audit import Actor, Personal
from herwa_shared.services.choices import Choice, State

RULES_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule as somebody wants it; the fields are those of `AccessRule`, `until` an aware moment."""

    allow: bool
    subject_kind: SubjectKind
    subject_id: int
    target_kind: TargetKind
    target_key: str
    place_kind: PlaceKind = PlaceKind.EVERYWHERE
    place_id: int = 0
    until: datetime | None = None
    note: str = ""


async def find_rule(session: AsyncSession, guild_id: int, rule: NewRule) -> int | None:
    """The id of the guild's rule that says the same, but for its end and note."""
    said = {name: value for name, value in asdict(rule).items() if name not in ("until", "note")}
    return await session.scalar(select(AccessRule.id).filter_by(guild_id=guild_id, **said))


async def _make_room(session: AsyncSession, guild_id: int) -> None:
    """Rules whose time is over are kept to be seen, until there is no more room for new ones."""
    ours = col(AccessRule.guild_id) == guild_id
    counted = select(func.count()).select_from(AccessRule).where(ours)
    if (await session.scalar(counted) or 0) < RULES_AT_MOST:
        return
    await session.execute(delete(AccessRule).where(ours, col(AccessRule.until) <= utc_now()))
    if (await session.scalar(counted) or 0) >= RULES_AT_MOST:
        raise BadRequest(f"A server has at most {RULES_AT_MOST} rules: remove one that is no longer needed.")


async def _read(session: AsyncSession, guild_id: int, target: str) -> State | None:
    row = await session.get(AccessRule, int(target), populate_existing=True)
    return None if row is None or row.guild_id != guild_id else state_of(as_new(row))


async def _write(session: AsyncSession, guild_id: int, target: str, state: State | None, actor: Actor) -> None:
    which = int(target)
    if state is None:
        await session.execute(delete(AccessRule).filter_by(guild_id=guild_id, id=which))
        return
    rule = _rule(state)
    if (found := await find_rule(session, guild_id, rule)) is None:
        await _make_room(session, guild_id)
    elif found != which:
        raise BadRequest("A rule that says the same has been made since: there is nothing to put back.")
    said = asdict(rule)
    upsert = insert(AccessRule).values(
        id=which, guild_id=guild_id, created_by=actor.user_id, created_at=utc_now(), **said
    )
    await session.execute(upsert.on_conflict_do_update(index_elements=["id"], set_=said))


def state_of(rule: NewRule) -> dict[str, Any]:
    """As the audit log keeps it: ids as text."""
    return {
        "allow": rule.allow,
        "subject_kind": str(rule.subject_kind),
        "subject_id": str(rule.subject_id),
        "target_kind": str(rule.target_kind),
        "target_key": rule.target_key,
        "place_kind": str(rule.place_kind),
        "place_id": str(rule.place_id),
        "until": None if rule.until is None else rule.until.astimezone(UTC).isoformat(),
        "note": rule.note,
    }


def _rule(state: State) -> NewRule:
    return NewRule(
        allow=state["allow"],
        subject_kind=SubjectKind(state["subject_kind"]),
        subject_id=int(state["subject_id"]),
        target_kind=TargetKind(state["target_kind"]),
        target_key=state["target_key"],
        place_kind=PlaceKind(state["place_kind"]),
        place_id=int(state["place_id"]),
        until=None if state["until"] is None else datetime.fromisoformat(state["until"]),
        note=state["note"],
    )


def _told(state: State) -> State:
    """Which member it is about is theirs to have erased."""
    if state["subject_kind"] != SubjectKind.MEMBER:
        return state
    return {**state, "subject_id": Personal(state["subject_id"])}


def as_new(row: AccessRule) -> NewRule:
    return NewRule(
        allow=row.allow,
        subject_kind=SubjectKind(row.subject_kind),
        subject_id=row.subject_id,
        target_kind=TargetKind(row.target_kind),
        target_key=row.target_key,
        place_kind=PlaceKind(row.place_kind),
        place_id=row.place_id,
        until=row.until,
        note=row.note,
    )


def _action(before: State | None, after: State | None) -> str:
    return "rule.add" if before is None else "rule.remove" if after is None else "rule.update"


def _title(_target: str, state: State | None) -> str:
    about = title_of(TargetKind(state["target_kind"]), state["target_key"]) if state else "something"
    return f"the rule about {about}"


RULE = Choice(read=_read, write=_write, action=_action, title=_title, told=_told)
