"""Rename tables, columns, indexes and constraints to plain terms. All rows are kept.

When PostgreSQL renames a table or column, the names of its indexes, constraints and sequences do not change. They are
renamed as well: the old name within them is replaced by the new one.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = {
    "collector_run": "gateway_session",
    "guild_now": "guild_live_counters",
    "guild_stay": "guild_membership",
    "history_coverage": "imported_period",
    "member_stay": "membership_period",
    "spent_login": "used_oauth_state",
    "voice_stay": "voice_session",
}
COLUMNS = {
    "access_request": {
        "asked_at": "requested_at",
        "answered_at": "decided_at",
        "answer": "decision",
        "answered_by": "decided_by",
    },
    "user_account": {"guilds_asked_at": "guilds_fetched_at", "guilds_doubted": "guilds_generation"},
    "user_token": {"sealed": "encrypted_tokens"},
}
CONSTRAINTS = {
    "access_request": {
        "answer_is_known": "decision_is_known",
        "answered_with_an_answer": "decided_at_with_decision",
    },
    "access_rule": {"access_rule_says_it_once": "access_rule_unique"},
}
INDEXES = {"access_request_asked_once": "access_request_open_unique"}
TRIGGERS = {"audit_entry_rows_stay": "audit_entry_no_change", "audit_entry_stays": "audit_entry_no_truncate"}
FUNCTIONS = {"audit_entry_stays": "audit_entry_append_only"}

# Renames the dependents of {table} whose names contain {old}: constraints (which also renames the indexes of keys),
# other indexes, and the sequences of its columns.
RENAME_DEPENDENTS = """
DO $$
DECLARE dependent record;
BEGIN
    FOR dependent IN
        SELECT conname AS name FROM pg_constraint
        WHERE conrelid = '{table}'::regclass AND position('{old}' IN conname) > 0
    LOOP
        EXECUTE format(
            'ALTER TABLE {table} RENAME CONSTRAINT %I TO %I', dependent.name, replace(dependent.name, '{old}', '{new}')
        );
    END LOOP;
    FOR dependent IN
        SELECT relname AS name FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
        WHERE indrelid = '{table}'::regclass AND position('{old}' IN relname) > 0
    LOOP
        EXECUTE format('ALTER INDEX %I RENAME TO %I', dependent.name, replace(dependent.name, '{old}', '{new}'));
    END LOOP;
    FOR dependent IN
        SELECT relname AS name FROM pg_class JOIN pg_depend ON objid = pg_class.oid
        WHERE refobjid = '{table}'::regclass AND relkind = 'S' AND position('{old}' IN relname) > 0
    LOOP
        EXECUTE format('ALTER SEQUENCE %I RENAME TO %I', dependent.name, replace(dependent.name, '{old}', '{new}'));
    END LOOP;
END $$
"""


def upgrade() -> None:
    """Rename old to new."""
    _rename(inverse=False)


def downgrade() -> None:
    """Rename new to old."""
    _rename(inverse=True)


def _rename(*, inverse: bool) -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for old, new in _pairs(TABLES, inverse=inverse):
        op.rename_table(old, new)
        op.execute(RENAME_DEPENDENTS.format(table=new, old=old, new=new))
    for table, columns in COLUMNS.items():
        for old, new in _pairs(columns, inverse=inverse):
            op.alter_column(table, old, new_column_name=new)
            op.execute(RENAME_DEPENDENTS.format(table=table, old=f"{table}_{old}_", new=f"{table}_{new}_"))
    for table, constraints in CONSTRAINTS.items():
        for old, new in _pairs(constraints, inverse=inverse):
            op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")
    for old, new in _pairs(INDEXES, inverse=inverse):
        op.execute(f"ALTER INDEX {old} RENAME TO {new}")
    for old, new in _pairs(TRIGGERS, inverse=inverse):
        op.execute(f"ALTER TRIGGER {old} ON audit_entry RENAME TO {new}")
    for old, new in _pairs(FUNCTIONS, inverse=inverse):
        op.execute(f"ALTER FUNCTION {old}() RENAME TO {new}")


def _pairs(names: dict[str, str], *, inverse: bool) -> list[tuple[str, str]]:
    return [(new, old) if inverse else (old, new) for old, new in names.items()]
