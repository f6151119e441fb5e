"""Links to files of exports: for ten minutes, and for one session or API key.

A link is encrypted and stored nowhere. Everything that it does not contain is checked when it is used.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from herwa_shared.auth.encryption import Encryptor
from herwa_shared.models import ExportJob

LINK_LIFETIME = timedelta(minutes=10)
LINK_PURPOSE = "export links"


@dataclass(frozen=True, slots=True)
class ExportLink:
    """A link to the file of an export of a guild, for the holder of `binding`."""

    guild_id: int
    export_id: int
    binding: str
    expires_at: datetime

    def format_path(self, encryptor: Encryptor) -> str:
        """Format the path of the API, with its query string."""
        content = {"export": self.export_id, "for": self.binding, "until": int(self.expires_at.timestamp())}
        token = encryptor.encrypt(content).decode()
        return f"/api/guilds/{self.guild_id}/exports/{self.export_id}/file?link={token}"


def build_link(job: ExportJob, binding: str, *, now: datetime) -> ExportLink:
    """Build a link to the file of an export. The caller has authorized the holder of `binding`."""
    assert job.id is not None
    return ExportLink(job.guild_id, job.id, binding, now.replace(microsecond=0) + LINK_LIFETIME)


def is_valid_link(encryptor: Encryptor, token: str, *, export_id: int, binding: str, now: datetime) -> bool:
    """Return whether a token is a link to this export for this session or key, and has not expired."""
    content = encryptor.decrypt(token.encode())
    if content is None or (content["export"], content["for"]) != (export_id, binding):
        return False
    return now < datetime.fromtimestamp(content["until"], UTC)


def build_session_binding(session_id: str) -> str:
    """Build what a link of a browser session is bound to."""
    return f"session {session_id}"


def build_key_binding(key_id: int) -> str:
    """Build what a link of an API key is bound to."""
    return f"key {key_id}"
