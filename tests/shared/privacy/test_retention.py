"""The table of retention that the pages show is the one in the documentation, and covers all tables with members."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from herwa_shared.analytics.table_selection import RAW_EVENT_RETENTION_MONTHS
from herwa_shared.privacy.member_columns import ACCOUNT_TABLE, ERASED_COLUMNS
from herwa_shared.privacy.retention import RETENTION_RULES, format_period
from tests.shared.privacy.other_columns import OTHER_COLUMNS

ROOT = Path(__file__).parents[3]
MIGRATIONS = ROOT / "herwa_shared" / "clickhouse" / "migrations"
USER_COLUMNS = {"user_id", "owner_id", "subject_id", "opener_id", "created_by", "created_by_user", "personal"}
OPERATOR_TABLES = {"operator_view"}
"""They name operators, who act for this copy and not as members."""


def test_page_and_documentation_say_the_same():
    section = (ROOT / "docs" / "privacy.md").read_text().split("## What is stored about a member")[1].split("\n**")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")][1:]
    documented = [(data.strip(), period.strip()) for data, _, period in rows]
    assert [(rule.data, rule.period) for rule in RETENTION_RULES] == documented


def test_every_table_with_members_has_a_rule():
    columns = {key for key in OTHER_COLUMNS if key[1] in USER_COLUMNS} | ERASED_COLUMNS.keys()
    tables = {table for table, _ in columns} | {ACCOUNT_TABLE} | {"activity_events", "activity_hourly"}
    assert tables - OPERATOR_TABLES <= {table for rule in RETENTION_RULES for table in rule.tables}


def test_clickhouse_deletes_single_events_when_the_table_says_so():
    [months] = {
        int(months)
        for path in MIGRATIONS.glob("*.sql")
        for months in re.findall(r"TTL [^\n]* INTERVAL (\d+) MONTH DELETE", path.read_text())
    }
    assert months == RAW_EVENT_RETENTION_MONTHS


@pytest.mark.parametrize(
    ("period", "text"),
    [
        (timedelta(hours=1), "an hour"),
        (timedelta(hours=6), "6 hours"),
        (timedelta(days=1), "a day"),
        (timedelta(days=7), "a week"),
        (timedelta(days=90), "90 days"),
    ],
)
def test_period_in_words(period, text):
    assert format_period(period) == text
