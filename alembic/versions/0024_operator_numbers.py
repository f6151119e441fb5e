"""Numbers of each day, sizes of the databases and requested jobs, for the operator's panel"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "operator_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("servers", sa.Integer(), nullable=True),
        sa.Column("members", sa.BigInteger(), nullable=True),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("commands", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("tiers", postgresql.JSONB(), nullable=True),
        sa.Column("growth", postgresql.JSONB(), nullable=True),
        sa.Column("refreshed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "store_size",
        sa.Column("store", sa.String(16), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "at"),
    )
    op.create_table(
        "job_request",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("job_request")
    op.drop_table("store_size")
    op.drop_table("operator_day")
