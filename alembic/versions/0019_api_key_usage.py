"""API keys: requests per day and endpoint, the last requests of each key, and secrets for pseudonyms of members"""

import sqlalchemy as sa

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key_usage",
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_id", "day", "endpoint", "status", "code"),
    )
    op.create_table(
        "api_key_request",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("api_key", sa.Column("pseudonym_secret", sa.LargeBinary(), nullable=True))
    op.execute("UPDATE api_key SET pseudonym_secret = decode(replace(gen_random_uuid()::text, '-', ''), 'hex')")
    op.alter_column("api_key", "pseudonym_secret", nullable=False)
    op.create_index("ix_api_key_request_key_id_at", "api_key_request", ["key_id", "at"])


def downgrade() -> None:
    op.drop_column("api_key", "pseudonym_secret")
    op.drop_table("api_key_request")
    op.drop_table("api_key_usage")
