"""The job that verifies the audit log once a day and notes the newest digest of every chain outside of the database."""

from collections.abc import Sequence

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.log_limits import COMPLETE_LOGGER
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit_anchors import has_anchors, read_anchors, write_anchors
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.audit_verification import ChainHead, list_chain_heads, verify_all_chains

CHAINS_PER_LOG_LINE = 50
log = get_logger(COMPLETE_LOGGER)


def build_audit_anchor_job(settings: Settings, database: Database) -> "AuditAnchorJob":
    """Build the job for the data folder of these settings."""
    folder = DataFolder(settings.data_dir)
    return AuditAnchorJob(database, folder, load_audit_key(settings, folder))


class AuditAnchorJob:
    """Notes the digests of the audit log in the data folder and in the log, once a day (UTC)."""

    def __init__(self, database: Database, folder: DataFolder, audit_key: bytes) -> None:
        self._database = database
        self._folder = folder
        self._audit_key = audit_key

    async def run(self) -> None:
        """Verify all chains against earlier digests and note the current ones, unless this was done today."""
        today = utc_now().date()
        if has_anchors(self._folder, day=today):
            return
        anchors = read_anchors(self._folder, audit_key=self._audit_key)
        for name in anchors.invalid_file_names:
            log.error("the noted digests of the audit log are not authentic", file=name)
        async with self._database.transaction() as session:
            verification = await verify_all_chains(session, noted=anchors.noted)
            heads = await list_chain_heads(session)
        for defect in verification.defects:
            log.error(
                "the audit log was changed",
                chain=_format_chain(defect.guild_id),
                entry=defect.number,
                problem=defect.kind.value,
            )
        if heads:
            write_anchors(self._folder, heads, audit_key=self._audit_key, day=today)
            _log_digests(heads)


def _log_digests(heads: Sequence[ChainHead]) -> None:
    """Log every digest, several per line: `<chain>:<number>:<digest>`."""
    for start in range(0, len(heads), CHAINS_PER_LOG_LINE):
        digests = [
            f"{_format_chain(head.guild_id)}:{head.number}:{head.digest.hex()}"
            for head in heads[start : start + CHAINS_PER_LOG_LINE]
        ]
        log.info("audit log digests", digests=" ".join(digests))


def _format_chain(guild_id: int | None) -> str:
    return "operator" if guild_id is None else str(guild_id)
