"""Periods in which joins are read from join messages, because Discord does not grant the members intent"""

import sqlalchemy as sa

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

ROWS_BY_EVENT = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "join_message_period",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "from_at"),
    )
    op.create_index(
        "ix_join_message_period_open", "join_message_period", ["guild_id"], postgresql_where=sa.text("to_at IS NULL")
    )
    for event, rows in ROWS_BY_EVENT.items():
        op.execute(
            f"CREATE TRIGGER join_message_period_{event.lower()} AFTER {event} ON join_message_period"
            f" REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION raise_data_version_of_rows()"
        )


def downgrade() -> None:
    op.drop_table("join_message_period")
