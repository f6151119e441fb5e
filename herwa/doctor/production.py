"""Checks before a copy is offered to the public: `herwa doctor --production`.

docs/compliance.md has the other tasks of the operator.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from herwa.doctor.check_result import CheckResult, Severity, report_error, report_ok
from herwa.texts import doctor as doctor_texts
from herwa.texts import doctor_production as texts
from herwa.texts import doctor_security as security_texts
from herwa_shared.backup.data_folder import list_backup_times
from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder

MIN_KEY_LENGTH = 32
MAX_BACKUP_AGE = timedelta(days=2)
BACKUP_RETENTION = timedelta(days=30)
"""Deletions of members reach backups by this time, as the page `/privacy` says."""

REQUIRED_SUBJECTS = frozenset({security_texts.SUBJECT_ENCRYPTION, doctor_texts.SUBJECT_POLICY_LINKS})
"""A warning about them is an error in production."""


def check_production(settings: Settings, *, now: datetime) -> list[CheckResult]:
    """Check what a public copy needs and other copies do not."""
    return [
        *_check_discord(settings),
        *_check_contact(settings),
        *_check_address(settings),
        *_check_keys(settings),
        *_check_backups(settings, now=now),
    ]


def require_in_production(result: CheckResult) -> CheckResult:
    """Turn a warning about a required subject into an error."""
    is_required = result.subject in REQUIRED_SUBJECTS and result.severity is Severity.WARNING
    return replace(result, severity=Severity.ERROR) if is_required else result


def _check_discord(settings: Settings) -> Iterator[CheckResult]:
    if settings.discord.is_local:
        yield report_error(doctor_texts.SUBJECT_DISCORD, texts.LOCAL_DISCORD, texts.USE_DISCORD)


def _check_contact(settings: Settings) -> Iterator[CheckResult]:
    if settings.contact and settings.operator_name:
        yield report_ok(texts.SUBJECT_CONTACT, texts.format_contact(settings.operator_name, settings.contact))
    else:
        yield report_error(texts.SUBJECT_CONTACT, texts.NO_CONTACT, texts.SET_CONTACT)


def _check_address(settings: Settings) -> Iterator[CheckResult]:
    if not settings.origin.startswith("https://"):
        yield report_error(texts.SUBJECT_HTTPS, texts.format_not_encrypted(settings.origin), texts.SET_PUBLIC_URL)
    elif settings.trusted_proxies == 0:
        yield report_error(texts.SUBJECT_HTTPS, texts.NO_PROXY, texts.SET_PROXIES)
    else:
        yield report_ok(texts.SUBJECT_HTTPS, settings.origin)


def _check_keys(settings: Settings) -> Iterator[CheckResult]:
    """Check that both keys are set outside of the data folder, so that a copy of the folder does not contain them."""
    keys = {"HERWA_SECRET_KEY": settings.secret_key, "HERWA_AUDIT_KEY": settings.audit_key}
    weak = [name for name, key in keys.items() if key is None or len(key.get_secret_value()) < MIN_KEY_LENGTH]
    if weak:
        yield report_error(texts.SUBJECT_KEYS, texts.format_weak_keys(weak), texts.SET_KEYS)
    else:
        yield report_ok(texts.SUBJECT_KEYS, texts.KEYS_SET)


def _check_backups(settings: Settings, *, now: datetime) -> Iterator[CheckResult]:
    ages = [now - created_at for created_at in list_backup_times(DataFolder(settings.data_dir))]
    if not ages or min(ages) > MAX_BACKUP_AGE:
        yield report_error(texts.SUBJECT_BACKUPS, texts.NO_RECENT_BACKUP, texts.SCHEDULE_BACKUPS)
    elif max(ages) > BACKUP_RETENTION:
        yield report_error(texts.SUBJECT_BACKUPS, texts.OLD_BACKUPS, texts.DELETE_OLD_BACKUPS)
    else:
        yield report_ok(texts.SUBJECT_BACKUPS, texts.BACKUPS_RECENT)
