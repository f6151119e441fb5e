"""`herwa doctor --production`: what a public copy needs is an error if it is missing."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from herwa.doctor.check_result import Severity, report_warning
from herwa.doctor.discord import check_policy_links
from herwa.doctor.production import check_production, require_in_production
from herwa.texts import doctor as doctor_texts
from herwa.texts import doctor_production as texts
from herwa.texts import doctor_security as security_texts
from herwa_shared.clock import utc_now
from herwa_shared.config import DiscordSettings, Settings

SUBJECTS = (texts.SUBJECT_CONTACT, texts.SUBJECT_HTTPS, texts.SUBJECT_KEYS, texts.SUBJECT_BACKUPS)


def build_settings(path: Path, **changes) -> Settings:
    """Build the settings of a copy that is ready, with changes."""
    values = {
        "data_dir": path,
        "public_url": "https://stats.example.com",
        "trusted_proxies": 1,
        "operator_name": "Example Ltd",
        "contact": "privacy@example.com",
        "secret_key": SecretStr("s" * 32),
        "audit_key": SecretStr("a" * 32),
        "discord": DiscordSettings(token=SecretStr("token")),
    }
    return Settings(**{**values, **changes})


def add_backup(path: Path, *, days: float) -> None:
    file = path / "backups" / f"backup-{days}.zip"
    file.parent.mkdir(exist_ok=True)
    file.touch()
    written_at = (utc_now() - timedelta(days=days)).timestamp()
    os.utime(file, (written_at, written_at))


def list_errors(settings: Settings) -> list[str]:
    return [result.subject for result in check_production(settings, now=utc_now()) if result.severity is Severity.ERROR]


def test_ready_copy_has_no_errors(tmp_path):
    add_backup(tmp_path, days=1)
    assert list_errors(build_settings(tmp_path)) == []


def test_new_copy_lacks_everything(tmp_path):
    assert list_errors(Settings(data_dir=tmp_path, public_url=None)) == [doctor_texts.SUBJECT_DISCORD, *SUBJECTS]


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"contact": None}, texts.SUBJECT_CONTACT),
        ({"operator_name": None}, texts.SUBJECT_CONTACT),
        ({"public_url": "http://stats.example.com"}, texts.SUBJECT_HTTPS),
        ({"trusted_proxies": 0}, texts.SUBJECT_HTTPS),
        ({"secret_key": SecretStr("short")}, texts.SUBJECT_KEYS),
        ({"audit_key": None}, texts.SUBJECT_KEYS),
        ({"discord": DiscordSettings()}, doctor_texts.SUBJECT_DISCORD),
    ],
)
def test_each_missing_part_is_an_error(tmp_path, changes, subject):
    add_backup(tmp_path, days=1)
    assert list_errors(build_settings(tmp_path, **changes)) == [subject]


@pytest.mark.parametrize("days", [(3,), (1, 31)])
def test_backups_must_be_recent_and_none_too_old(tmp_path, days):
    for age in days:
        add_backup(tmp_path, days=age)
    assert list_errors(build_settings(tmp_path)) == [texts.SUBJECT_BACKUPS]


def test_links_in_the_portal_are_those_of_this_copy(tmp_path):
    settings = build_settings(tmp_path)
    urls = {
        f"{name}_url": f"{settings.origin}/{path}"
        for name, path in (("privacy_policy", "privacy"), ("terms_of_service", "terms"))
    }
    assert [result.severity for result in check_policy_links(settings, urls)] == [Severity.OK]
    [missing] = check_policy_links(settings, {**urls, "terms_of_service_url": None})
    assert (missing.severity, require_in_production(missing).severity) == (Severity.WARNING, Severity.ERROR)


def test_only_warnings_about_required_subjects_become_errors():
    unknown_disk = report_warning(security_texts.SUBJECT_ENCRYPTION, "unknown", "fix")
    other = report_warning(doctor_texts.SUBJECT_CLOCK, "off", "fix")
    assert [require_in_production(result).severity for result in (unknown_disk, other)] == [
        Severity.ERROR,
        Severity.WARNING,
    ]


@pytest.mark.parametrize("contact", ["javascript:alert(1)", "http://example.com", "not an address", "a@b"])
def test_contact_is_an_address(contact):
    with pytest.raises(ValidationError):
        Settings(contact=contact)


@pytest.mark.parametrize(
    ("contact", "url"),
    [("a.b@example.org", "mailto:a.b@example.org"), ("https://example.org/x", "https://example.org/x"), (None, "")],
)
def test_contact_has_a_link(contact, url):
    assert Settings(contact=contact).contact_url == url
