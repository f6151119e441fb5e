"""Exports of API keys that contain members under pseudonyms"""

import sqlalchemy as sa

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("export_job", sa.Column("with_pseudonyms", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.execute("DELETE FROM export_job WHERE with_pseudonyms")
    op.drop_column("export_job", "with_pseudonyms")
