"""Events of exports, and direct messages about them"""

import sqlalchemy as sa

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "export_event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("occurred_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=True),
        sa.Column("messaged_at", TIME, nullable=True),
        sa.CheckConstraint("type IN ('export.ready', 'export.failed')", name="type_is_known"),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["export_id"], ["export_job.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("export_id", "type", name="export_event_once"),
    )
    op.create_index("ix_export_event_guild_id", "export_event", ["guild_id"])
    op.create_index(
        "export_event_not_messaged", "export_event", ["occurred_at"], postgresql_where=sa.text("messaged_at IS NULL")
    )
    op.rename_table("request_subscriber", "message_subscriber")
    op.add_column("message_subscriber", sa.Column("topic", sa.String(16), server_default="requests", nullable=False))
    op.alter_column("message_subscriber", "topic", server_default=None)
    set_key("request_subscriber_pkey", "message_subscriber_pkey", ["guild_id", "topic", "user_id"])


def set_key(old_name: str, new_name: str, columns: list[str]) -> None:
    """Replace the primary key of the table of subscribers."""
    op.drop_constraint(old_name, "message_subscriber")
    op.create_primary_key(new_name, "message_subscriber", columns)


def downgrade() -> None:
    op.execute("DELETE FROM message_subscriber WHERE topic <> 'requests'")
    set_key("message_subscriber_pkey", "request_subscriber_pkey", ["guild_id", "user_id"])
    op.drop_column("message_subscriber", "topic")
    op.rename_table("message_subscriber", "request_subscriber")
    op.drop_table("export_event")
