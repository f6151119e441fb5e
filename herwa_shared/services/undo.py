"""Undo a change of a setting from its audit entry.

Only possible while the setting still has the value that the change set. An undo is itself a change and can be undone.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.errors import BadRequest
from herwa_shared.services import audit, texts
from herwa_shared.services.access_rules import RULE_SETTING
from herwa_shared.services.audit import ERASED, Actor, AuditLogEntry
from herwa_shared.services.audited_settings import SettingKind, SettingValue, apply_change, lock_guild
from herwa_shared.services.channel_lists import CHANNEL_LIST_SETTING
from herwa_shared.services.features import FEATURE_SETTING, MODULE_SETTING
from herwa_shared.services.guild_settings import GUILD_SETTING
from herwa_shared.services.support_channels import SUPPORT_CHANNEL_SETTING
from herwa_shared.services.widgets import WIDGET_SETTING

SETTING_KINDS: Mapping[str, SettingKind] = MappingProxyType(
    {
        "feature.set": FEATURE_SETTING,
        "module.set": MODULE_SETTING,
        "rule.add": RULE_SETTING,
        "rule.update": RULE_SETTING,
        "rule.remove": RULE_SETTING,
        "list.set": CHANNEL_LIST_SETTING,
        "list.clear": CHANNEL_LIST_SETTING,
        "tickets.mark": SUPPORT_CHANNEL_SETTING,
        "tickets.unmark": SUPPORT_CHANNEL_SETTING,
        "setting.set": GUILD_SETTING,
        "widget.set": WIDGET_SETTING,
    }
)


async def undo(session: AsyncSession, *, guild_id: int, entry_id: int, actor: Actor) -> str:
    """Restore the setting to its value before an audit entry.

    Returns a sentence that describes the result. Raises NotFound for an entry that this guild does not have,
    BadRequest (with the reason) for a change that cannot be undone.
    """
    await lock_guild(session, guild_id)
    entry = await audit.get_entry(session, guild_id=guild_id, entry_id=entry_id)
    kind = SETTING_KINDS.get(entry.action)
    if kind is None:
        raise BadRequest(texts.NOT_UNDOABLE)
    if _is_erased(entry):
        raise BadRequest(texts.ERASED_MEMBER)
    title = kind.format_title(entry.target, entry.after or entry.before)
    if await kind.read(session, guild_id, entry.target) != entry.after:
        raise BadRequest(texts.format_changed_since(title))
    await apply_change(
        session, kind, guild_id=guild_id, target=entry.target, value=entry.before, actor=actor, undoes=entry_id
    )
    return _describe_result(title, entry.before, entry.after)


async def undo_entries(
    session: AsyncSession, *, guild_id: int, entry_ids: Sequence[int], actor: Actor
) -> tuple[str, ...]:
    """Undo the changes of several audit entries, which are given oldest first. Returns and raises as `undo`."""
    return tuple(
        [await undo(session, guild_id=guild_id, entry_id=entry_id, actor=actor) for entry_id in reversed(entry_ids)]
    )


async def list_undoable(session: AsyncSession, *, guild_id: int, entries: Collection[AuditLogEntry]) -> frozenset[int]:
    """List the ids of those entries that `undo` accepts now: their setting still has the value that they set."""
    values: dict[tuple[str, str], SettingValue | None] = {}
    undoable = set()
    for entry in entries:
        kind = SETTING_KINDS.get(entry.action)
        if kind is None or _is_erased(entry):
            continue
        setting = (entry.action.partition(".")[0], entry.target)
        if setting not in values:
            values[setting] = await kind.read(session, guild_id, entry.target)
        if values[setting] == entry.after:
            undoable.add(entry.id)
    return frozenset(undoable)


def _is_erased(entry: AuditLogEntry) -> bool:
    return ERASED in [*(entry.before or {}).values(), *(entry.after or {}).values()]


def _describe_result(title: str, restored: SettingValue | None, replaced: SettingValue | None) -> str:
    if restored is None:
        return texts.format_undo_removed(title)
    if replaced is None:
        return texts.format_undo_restored(title)
    if "enabled" in restored:
        return texts.format_undo_toggled(title, enabled=restored["enabled"])
    return texts.format_undo_reset(title)
