"""The key that authenticates audit entries. It is stored outside of the database that contains them."""

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder

SECRET_NAME = "audit_key"  # noqa: S105 - the name of the secret


def load_audit_key(settings: Settings, folder: DataFolder) -> bytes:
    """Load the key: HERWA_AUDIT_KEY, which all machines of one copy share, or a secret of the data folder."""
    key = settings.audit_key
    return (key.get_secret_value() if key else folder.get_or_create_secret(SECRET_NAME)).encode()
