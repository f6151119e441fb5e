"""The document about security and the tiers name the limits of API requests as they are."""

import re
from pathlib import Path

from herwa_api import texts
from herwa_api.rate_limits.rules import RATE_LIMITS, LimitName
from herwa_shared.query_cache.question_slots import CONCURRENT_QUESTIONS, WAIT_SECONDS, WAITING_QUESTIONS

DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"


def test_the_document_names_every_limit():
    section = DOCUMENT.read_text().split("### Limits of API requests")[1].split("\n### ")[0]
    documented = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| (.*) \|$", section, re.MULTILINE))
    assert documented.keys() == set(LimitName)
    for name, rule in {
        LimitName.ADDRESS: RATE_LIMITS.address,
        LimitName.FAILURES: RATE_LIMITS.failures,
        LimitName.LOGIN: RATE_LIMITS.login,
        LimitName.KEY_CREATION: RATE_LIMITS.key_creation,
        LimitName.LEAK_REPORTS: RATE_LIMITS.leak_reports,
    }.items():
        assert documented[name].startswith(f"{rule.amount:,} a minute")
        assert rule.get_expiry() == 60
    assert documented[LimitName.GUILD].startswith(f"{RATE_LIMITS.guild_factor} times")
    assert f"at most {RATE_LIMITS.concurrent_checks} unknown keys" in section
    assert f"at most {CONCURRENT_QUESTIONS} questions" in section
    assert f"{WAITING_QUESTIONS} wait for up to {WAIT_SECONDS:g} seconds" in section


def test_every_limit_has_texts():
    assert texts.LIMITED_THINGS.keys() == texts.LIMIT_HINTS.keys() == set(LimitName)
