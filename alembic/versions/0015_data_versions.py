"""One number per guild that rises when a stored answer may have changed"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Every row of these tables changes numbers of its guild, or when they are known.
COUNTED_TABLES = ("guild_membership", "collection_gap", "imported_period", "support_channel", "ticket")
ROWS_BY_EVENT = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}

# The clock makes versions unique also after a restore, which a sequence would not. On conflict they are computed after
# the wait for the row's lock. A notification carries at most 8,000 bytes.
RAISE_FUNCTION_SQL = """
CREATE FUNCTION raise_data_version(guild_ids bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH raised AS (
        INSERT INTO data_version AS known (guild_id, version, changed_in)
        SELECT id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, pg_current_xact_id()
        FROM (SELECT DISTINCT unnest(guild_ids) AS id ORDER BY id) AS changed
        ON CONFLICT (guild_id) DO UPDATE
        SET version = greatest(known.version + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint),
            changed_in = pg_current_xact_id()
        RETURNING guild_id, version
    ), numbered AS (
        SELECT guild_id, version, (row_number() OVER () - 1) / 200 AS part FROM raised
    )
    SELECT pg_notify('herwa_data', string_agg(guild_id || ' ' || version, ' ')) FROM numbered GROUP BY part
$$
"""
ROWS_FUNCTION_SQL = """
CREATE FUNCTION raise_data_version_of_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM raise_data_version(array_agg(DISTINCT guild_id)) FROM changed HAVING count(*) > 0;
    RETURN NULL;
END
$$
"""
EVERY_GUILD_FUNCTION_SQL = """
CREATE FUNCTION raise_data_version_of_every_guild() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM raise_data_version(ARRAY[0]);
    RETURN NULL;
END
$$
"""
GUILD_FUNCTION_SQL = """
CREATE FUNCTION raise_data_version_of_guild() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM raise_data_version(ARRAY[NEW.id]);
    RETURN NULL;
END
$$
"""
SESSION_STARTED_SQL = """
CREATE TRIGGER gateway_session_started AFTER INSERT OR DELETE ON gateway_session
FOR EACH STATEMENT EXECUTE FUNCTION raise_data_version_of_every_guild()
"""
# A heartbeat that comes late changes what was known about the past: until then, the session counted as ended.
SESSION_CONTINUED_SQL = """
CREATE TRIGGER gateway_session_continued AFTER UPDATE ON gateway_session
FOR EACH ROW WHEN (
    NEW.seen_at NOT BETWEEN OLD.seen_at AND OLD.seen_at + interval '30 seconds'
    OR NEW.started_at <> OLD.started_at OR NEW.intents <> OLD.intents
)
EXECUTE FUNCTION raise_data_version_of_every_guild()
"""
TIME_ZONE_CHANGED_SQL = """
CREATE TRIGGER guild_time_zone_changed AFTER UPDATE ON guild
FOR EACH ROW WHEN (NEW.timezone IS DISTINCT FROM OLD.timezone) EXECUTE FUNCTION raise_data_version_of_guild()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Every batch of the mover writes most rows again, in the free half of their page.
    op.execute("""
        CREATE TABLE data_version (guild_id bigint PRIMARY KEY, version bigint NOT NULL, changed_in xid8 NOT NULL)
        WITH (fillfactor = 50)
    """)
    for statement in (RAISE_FUNCTION_SQL, ROWS_FUNCTION_SQL, EVERY_GUILD_FUNCTION_SQL, GUILD_FUNCTION_SQL):
        op.execute(statement)
    op.execute("SELECT raise_data_version(array_agg(id)) FROM guild HAVING count(*) > 0")
    for table in COUNTED_TABLES:
        for event, rows in ROWS_BY_EVENT.items():
            op.execute(
                f"CREATE TRIGGER {table}_{event.lower()} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed"
                " FOR EACH STATEMENT EXECUTE FUNCTION raise_data_version_of_rows()"
            )
    for statement in (SESSION_STARTED_SQL, SESSION_CONTINUED_SQL, TIME_ZONE_CHANGED_SQL):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER guild_time_zone_changed ON guild")
    for trigger in ("gateway_session_started", "gateway_session_continued"):
        op.execute(f"DROP TRIGGER {trigger} ON gateway_session")
    for table in COUNTED_TABLES:
        for event in ROWS_BY_EVENT:
            op.execute(f"DROP TRIGGER {table}_{event.lower()} ON {table}")
    for function in ("of_guild()", "of_every_guild()", "of_rows()"):
        op.execute(f"DROP FUNCTION raise_data_version_{function}")
    op.execute("DROP FUNCTION raise_data_version(bigint[])")
    op.drop_table("data_version")
