"""The data version of a guild rises when a channel is renamed, moved or deleted: answers name channels"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

CHANGED_FUNCTION_SQL = """
CREATE FUNCTION raise_data_version_of_channel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM raise_data_version(ARRAY[NEW.guild_id]);
    RETURN NULL;
END
$$
"""
CHANNEL_CHANGED_SQL = """
CREATE TRIGGER channel_changed AFTER UPDATE ON channel
FOR EACH ROW WHEN (
    (NEW.name, NEW.kind, NEW.parent_id, NEW.deleted) IS DISTINCT FROM (OLD.name, OLD.kind, OLD.parent_id, OLD.deleted)
)
EXECUTE FUNCTION raise_data_version_of_channel()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(CHANGED_FUNCTION_SQL)
    op.execute(CHANNEL_CHANGED_SQL)


def downgrade() -> None:
    op.execute("DROP TRIGGER channel_changed ON channel")
    op.execute("DROP FUNCTION raise_data_version_of_channel()")
