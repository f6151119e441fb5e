"""`herwa audit --verify`: verify one audit log, or all of them against the digests that were noted daily."""

from herwa.commands.operator_session import open_operator_session, resolve_guild
from herwa.texts import audit as texts
from herwa_shared.config import Settings
from herwa_shared.errors import HerwaError
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import list_entries
from herwa_shared.services.audit_anchors import FOLDER_NAME, AuditAnchors, read_anchors
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.audit_verification import verify_all_chains, verify_chain


class BrokenChainError(HerwaError):
    """An audit log is not valid: an entry was changed or removed."""

    code = "chain_broken"


async def verify_audit_logs(settings: Settings, *, guild: str | None) -> str:
    """Verify the audit log of a server, or all audit logs if `guild` is None. Returns a sentence.

    Raises BrokenChainError, which describes the first defect of each log.
    """
    folder = DataFolder(settings.data_dir)
    anchors = read_anchors(folder, audit_key=load_audit_key(settings, folder))
    if guild is None:
        return await _verify_all(settings, folder, anchors)
    return await _verify_one(settings, guild, anchors)


async def _verify_all(settings: Settings, folder: DataFolder, anchors: AuditAnchors) -> str:
    async with open_operator_session(settings) as session:
        verification = await verify_all_chains(session, noted=anchors.noted)
    problems = [
        *(texts.describe_defect(defect) for defect in verification.defects),
        *(texts.describe_invalid_anchors(folder.path / FOLDER_NAME / name) for name in anchors.invalid_file_names),
    ]
    if problems:
        raise BrokenChainError("\n".join(problems))
    return "\n".join(
        (texts.format_verified_logs(verification.chains, verification.entries), _describe_anchors(anchors))
    )


async def _verify_one(settings: Settings, guild: str, anchors: AuditAnchors) -> str:
    async with open_operator_session(settings) as session:
        guild_id = (await resolve_guild(session, guild)).id
        if defect := await verify_chain(session, guild_id=guild_id, noted=anchors.noted.get(guild_id)):
            raise BrokenChainError(texts.describe_defect(defect))
        last_entries = await list_entries(session, guild_id=guild_id, limit=1)
    if not last_entries:
        return texts.LOG_EMPTY
    return texts.format_verified_log(last_entries[0].number, last_entries[0].digest.hex())


def _describe_anchors(anchors: AuditAnchors) -> str:
    if not anchors.file_names:
        return texts.NO_ANCHORS
    return texts.format_compared_anchors(len(anchors.file_names), anchors.file_names[-1].removesuffix(".jsonl"))
