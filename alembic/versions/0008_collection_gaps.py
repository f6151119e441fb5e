"""Gaps of single guilds and channels, and the keys of events that have no id of their own"""

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "collection_gap",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "channel_id", "from_at"),
    )
    op.create_index("ix_collection_gap_open", "collection_gap", ["guild_id"], postgresql_where=sa.text("to_at IS NULL"))
    op.execute("CREATE TABLE event_key (key bigint PRIMARY KEY, seen_at timestamptz NOT NULL DEFAULT now())")
    op.execute("CREATE INDEX ix_event_key_seen_at ON event_key USING brin (seen_at)")


def downgrade() -> None:
    op.drop_table("event_key")
    op.drop_table("collection_gap")
