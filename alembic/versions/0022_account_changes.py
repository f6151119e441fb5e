"""Changes of sessions and of users' guilds, so that processes can keep in memory what they have read of them"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

ROWS_BY_EVENT = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}
# A new account has nothing that could have been read before. A session changes while it is used, without consequences.
USER_COLUMNS = {
    ("user_account", "UPDATE"): "id",
    ("user_account", "DELETE"): "id",
    ("user_guild", "INSERT"): "user_id",
    ("user_guild", "UPDATE"): "user_id",
    ("user_guild", "DELETE"): "user_id",
    ("web_session", "DELETE"): "user_id",
}

# Rows are only inserted, so that a transaction waits for no other. The worker deletes old ones. The
# bucket is taken from the part of a Discord id that is its time, as in herwa_shared/auth/account_cache.py.
REPORT_FUNCTION_SQL = """
CREATE FUNCTION report_account_changes(user_ids bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH reported AS (
        INSERT INTO account_change (bucket, changed_in)
        SELECT DISTINCT (unnest(user_ids) >> 22) % 1024, pg_current_xact_id()
        RETURNING bucket, version
    ), numbered AS (
        SELECT bucket, version, (row_number() OVER () - 1) / 200 AS part FROM reported
    )
    SELECT pg_notify('herwa_account', string_agg(bucket || ' ' || version, ' ')) FROM numbered GROUP BY part
$$
"""
ROWS_FUNCTION_SQL = """
CREATE FUNCTION report_account_changes_of_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_ARGV[0] = 'id' THEN
        PERFORM report_account_changes(array_agg(DISTINCT id)) FROM changed HAVING count(*) > 0;
    ELSE
        PERFORM report_account_changes(array_agg(DISTINCT user_id)) FROM changed HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END
$$
"""
GUILD_FUNCTION_SQL = """
CREATE FUNCTION report_account_changes_of_guild() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM report_account_changes(array_agg(user_id)) FROM user_guild WHERE guild_id = NEW.id HAVING count(*) > 0;
    RETURN NULL;
END
$$
"""
GUILD_ADDED_SQL = """
CREATE TRIGGER guild_added AFTER INSERT ON guild
FOR EACH ROW EXECUTE FUNCTION report_account_changes_of_guild()
"""
GUILD_CHANGED_SQL = """
CREATE TRIGGER guild_changed AFTER UPDATE ON guild
FOR EACH ROW WHEN (
    NEW.name IS DISTINCT FROM OLD.name OR NEW.icon IS DISTINCT FROM OLD.icon
    OR (NEW.left_at IS NULL) <> (OLD.left_at IS NULL)
)
EXECUTE FUNCTION report_account_changes_of_guild()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        CREATE TABLE account_change (
            version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            bucket smallint NOT NULL,
            changed_in xid8 NOT NULL,
            changed_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("CREATE INDEX ix_account_change_changed_in ON account_change (changed_in)")
    for statement in (REPORT_FUNCTION_SQL, ROWS_FUNCTION_SQL, GUILD_FUNCTION_SQL, GUILD_ADDED_SQL, GUILD_CHANGED_SQL):
        op.execute(statement)
    for (table, event), column in USER_COLUMNS.items():
        op.execute(
            f"CREATE TRIGGER {table}_{event.lower()} AFTER {event} ON {table}"
            f" REFERENCING {ROWS_BY_EVENT[event]} TABLE AS changed"
            f" FOR EACH STATEMENT EXECUTE FUNCTION report_account_changes_of_rows('{column}')"
        )


def downgrade() -> None:
    for table, event in USER_COLUMNS:
        op.execute(f"DROP TRIGGER {table}_{event.lower()} ON {table}")
    for trigger in ("guild_added", "guild_changed"):
        op.execute(f"DROP TRIGGER {trigger} ON guild")
    for function in ("_of_guild()", "_of_rows()", "(bigint[])"):
        op.execute(f"DROP FUNCTION report_account_changes{function}")
    op.drop_table("account_change")
