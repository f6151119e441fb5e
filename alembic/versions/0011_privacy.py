"""Opt-outs, erasure of members, deletion of guilds, pseudonyms"""

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# The version is a row and not a sequence, so that it changes at the commit of the transaction that changes a choice.
VERSION_TABLE = """
CREATE TABLE privacy_version (
    id          integer     PRIMARY KEY CHECK (id = 0),
    version     bigint      NOT NULL DEFAULT 0
)
"""

# The account for daily work cannot change audit entries and cannot delete a guild. These functions run as their owner.
# Their search path is fixed, with the temporary schema last, so that no other table can take the place of these.
CREATE_ERASE_FUNCTION = """
CREATE FUNCTION audit_entry_erase_member_of_guild(erased_user_id text, in_guild_id bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp AS $body$
    WITH erased AS (
        UPDATE audit_entry
        SET personal = (
            SELECT jsonb_object_agg(key, value) FROM jsonb_each(personal)
            WHERE value ->> 'of' IS DISTINCT FROM erased_user_id
        )
        WHERE guild_id = in_guild_id
            AND EXISTS (SELECT FROM jsonb_each(personal) WHERE value ->> 'of' = erased_user_id)
        RETURNING 1
    )
    SELECT count(*) FROM erased
$body$
"""
# A guild is deleted only after the bot left it: 30 days after, or at once if a row of `guild_deletion` says so. The row
# lock of the guild makes a concurrent return of the bot wait.
CREATE_DELETE_FUNCTION = """
CREATE FUNCTION guild_delete_left(deleted_guild_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp AS $body$
BEGIN
    PERFORM FROM guild
    WHERE id = deleted_guild_id AND left_at IS NOT NULL AND (
        left_at < now() - interval '30 days'
        OR EXISTS (SELECT FROM guild_deletion WHERE guild_id = deleted_guild_id AND at_once AND finished_at IS NULL)
    )
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM guild WHERE id = deleted_guild_id;
    RETURN true;
END
$body$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_privacy_tables()
    create_deletion_tables()
    op.execute(VERSION_TABLE)
    op.execute("INSERT INTO privacy_version (id) VALUES (0)")
    create_function(CREATE_ERASE_FUNCTION)
    create_function(CREATE_DELETE_FUNCTION)
    op.execute("REVOKE EXECUTE ON FUNCTION audit_entry_erase_member_of_guild(text, bigint) FROM PUBLIC")
    op.execute("REVOKE EXECUTE ON FUNCTION guild_delete_left(bigint) FROM PUBLIC")


def create_privacy_tables() -> None:
    op.create_table(
        "privacy_choice",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "erasure_request",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(user_id IS NULL) = (finished_at IS NOT NULL)", name="finished_without_user"),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_erasure_request_digest", "erasure_request", ["digest"])


def create_deletion_tables() -> None:
    op.create_table(
        "guild_deletion",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_once", sa.Boolean(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("guild_id"),
    )
    op.create_table(
        "pseudonym_batch",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("guild_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("user_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def create_function(statement: str) -> None:
    """Create a function whose search path is the current schema."""
    op.execute(f"DO $do$ BEGIN EXECUTE format($sql${statement}$sql$, current_schema()); END $do$")


def downgrade() -> None:
    op.execute("DROP FUNCTION guild_delete_left(bigint)")
    op.execute("DROP FUNCTION audit_entry_erase_member_of_guild(text, bigint)")
    op.execute("DROP TABLE privacy_version")
    for table in ("pseudonym_batch", "guild_deletion", "erasure_request", "privacy_choice"):
        op.drop_table(table)
