"""Catch-up: the channels whose archived threads have to be listed, and those that have none"""

import sqlalchemy as sa

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("channel", sa.Column("no_archived_threads_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("catch_up_period", sa.Column("public_parent_ids", sa.ARRAY(sa.BigInteger()), nullable=True))
    op.add_column("catch_up_period", sa.Column("private_parent_ids", sa.ARRAY(sa.BigInteger()), nullable=True))
    op.add_column(
        "catch_up_period", sa.Column("joined_threads_listed", sa.Boolean(), server_default=sa.true(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("catch_up_period", "joined_threads_listed")
    op.drop_column("catch_up_period", "private_parent_ids")
    op.drop_column("catch_up_period", "public_parent_ids")
    op.drop_column("channel", "no_archived_threads_at")
