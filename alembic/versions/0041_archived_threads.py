"""Catch-up: whether it is planned and archived threads are listed, and the channels to which threads belong"""

import sqlalchemy as sa

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


SAVE_PARENTS_SQL = """
UPDATE catch_up_task AS t SET parent_id = c.parent_id
FROM channel AS c WHERE c.id = t.channel_id AND c.kind IN (10, 11, 12) AND c.parent_id IS NOT NULL
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "catch_up_period", sa.Column("threads_listed", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column("catch_up_task", sa.Column("parent_id", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(SAVE_PARENTS_SQL)
    op.add_column("gateway_session", sa.Column("break_planned", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    op.drop_column("gateway_session", "break_planned")
    op.drop_column("catch_up_task", "parent_id")
    op.drop_column("catch_up_period", "threads_listed")
