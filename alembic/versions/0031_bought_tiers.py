"""The SKU that sells a tier in Discord; requests to check what servers bought"""

import sqlalchemy as sa

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tier", sa.Column("sku_id", sa.BigInteger(), nullable=True))
    op.create_unique_constraint("tier_sku_id_key", "tier", ["sku_id"])
    op.create_table(
        "entitlement_check",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("guild_id"),
    )


def downgrade() -> None:
    op.drop_table("entitlement_check")
    op.drop_constraint("tier_sku_id_key", "tier")
    op.drop_column("tier", "sku_id")
