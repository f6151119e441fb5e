"""Imports of history files, periods of single channels and kinds, back-fill of new servers"""

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "history_import",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("stored", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("duplicates", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "digest"),
    )
    op.create_table(
        "backfill",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channels", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused_channels", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fetched", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id"),
    )
    op.add_column("catch_up_period", sa.Column("source", sa.String(16), server_default="catch_up", nullable=False))
    op.add_column("imported_period", sa.Column("channel_id", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("imported_period", sa.Column("kinds", sa.ARRAY(sa.String(16)), nullable=True))
    op.drop_constraint("imported_period_pkey", "imported_period", type_="primary")
    op.create_primary_key("imported_period_pkey", "imported_period", ["guild_id", "channel_id", "from_at", "to_at"])


def downgrade() -> None:
    op.execute("DELETE FROM imported_period WHERE channel_id <> 0")
    op.drop_constraint("imported_period_pkey", "imported_period", type_="primary")
    op.create_primary_key("imported_period_pkey", "imported_period", ["guild_id", "from_at", "to_at"])
    op.drop_column("imported_period", "kinds")
    op.drop_column("imported_period", "channel_id")
    op.drop_column("catch_up_period", "source")
    op.drop_table("backfill")
    op.drop_table("history_import")
