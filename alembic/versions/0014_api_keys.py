"""API keys: test keys, networks, rotation, and why a key ended"""

import sqlalchemy as sa

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("api_key", sa.Column("is_test", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("api_key", sa.Column("networks", sa.ARRAY(sa.Text()), nullable=False, server_default="{}"))
    op.add_column("api_key", sa.Column("end_reason", sa.Text(), nullable=True))
    op.add_column("api_key", sa.Column("successor_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "api_key_successor_id_fkey", "api_key", "api_key", ["successor_id"], ["id"], ondelete="SET NULL"
    )
    op.execute("UPDATE api_key SET end_reason = 'revoked' WHERE revoked_at IS NOT NULL")


def downgrade() -> None:
    op.drop_constraint("api_key_successor_id_fkey", "api_key")
    for name in ("successor_id", "end_reason", "networks", "is_test"):
        op.drop_column("api_key", name)
