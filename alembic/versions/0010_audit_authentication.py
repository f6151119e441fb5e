"""Authenticate audit entries with a key outside the database, and erase members from them by a function of the owner"""

import hmac

import sqlalchemy as sa

from alembic import context, op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BATCH_ROWS = 1000

# The account for daily work cannot change entries. The function runs as its owner, and erases personal values only.
# Its search path is fixed, with the temporary schema last, so that no other table can take the place of the audit log.
CREATE_ERASE_FUNCTION = """
DO $do$ BEGIN EXECUTE format($sql$
CREATE FUNCTION audit_entry_erase_member(erased_user_id text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp AS $body$
    WITH erased AS (
        UPDATE audit_entry
        SET personal = (
            SELECT jsonb_object_agg(key, value) FROM jsonb_each(personal)
            WHERE value ->> 'of' IS DISTINCT FROM erased_user_id
        )
        WHERE EXISTS (SELECT FROM jsonb_each(personal) WHERE value ->> 'of' = erased_user_id)
        RETURNING 1
    )
    SELECT count(*) FROM erased
$body$
$sql$, current_schema()); END $do$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(CREATE_ERASE_FUNCTION)
    op.execute("REVOKE EXECUTE ON FUNCTION audit_entry_erase_member(text) FROM PUBLIC")
    op.add_column("audit_entry", sa.Column("mac", sa.LargeBinary(), nullable=True))
    op.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_change")
    authenticate_entries()
    op.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_no_change")
    op.alter_column("audit_entry", "mac", nullable=False)


def authenticate_entries() -> None:
    """Compute the MAC of existing entries, as in `services.audit_chain`."""
    connection, key = op.get_bind(), context.config.attributes.get("audit_key")
    last_id = -(2**63)
    read_batch = sa.text("SELECT id, digest FROM audit_entry WHERE id > :last ORDER BY id LIMIT :limit")
    while rows := connection.execute(read_batch, {"last": last_id, "limit": BATCH_ROWS}).all():
        if key is None:
            message = "existing audit entries can only be authenticated with the audit key: run `herwa migrate`"
            raise RuntimeError(message)
        connection.execute(
            sa.text("UPDATE audit_entry SET mac = :mac WHERE id = :id"),
            [{"id": row.id, "mac": hmac.digest(key, b"audit entry" + row.digest, "sha256")} for row in rows],
        )
        last_id = rows[-1].id


def downgrade() -> None:
    op.drop_column("audit_entry", "mac")
    op.execute("DROP FUNCTION audit_entry_erase_member(text)")
