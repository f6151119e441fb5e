"""Pseudonyms are computed with a key that is in no database, so that a batch needs no key of its own"""

import sqlalchemy as sa

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("pseudonym_batch")


def downgrade() -> None:
    op.create_table(
        "pseudonym_batch",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("guild_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("user_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
