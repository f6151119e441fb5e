"""Exports: the CRC-32 of each part, because files consist of their parts. All exports are written again"""

import sqlalchemy as sa

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

RESTART_SQL = """
UPDATE export_job SET state = 'queued', planned_at = NULL, finished_at = NULL, expires_at = NULL, file_bytes = NULL,
    file_digest = NULL, done_rows = 0, part_rows = 0, lease = NULL, leased_until = NULL
WHERE state IN ('queued', 'running', 'ready')
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(RESTART_SQL)
    op.execute("DELETE FROM export_part")
    op.add_column("export_part", sa.Column("crc", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.execute(RESTART_SQL)
    op.execute("DELETE FROM export_part")
    op.drop_column("export_part", "crc")
