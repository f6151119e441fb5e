"""The browser of a session, and responses to writes with an Idempotency-Key"""

import sqlalchemy as sa

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("web_session", sa.Column("browser", sa.String(60), nullable=False, server_default=""))
    op.create_table(
        "idempotent_response",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column(
            "guild_id",
            sa.BigInteger(),
            sa.ForeignKey("guild.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("encrypted_body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("idempotent_response")
    op.drop_column("web_session", "browser")
