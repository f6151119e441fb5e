"""The first hour with stored data of each guild, as far as it is known"""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE TABLE first_recorded_hour (guild_id bigint PRIMARY KEY, hour timestamptz NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE first_recorded_hour")
