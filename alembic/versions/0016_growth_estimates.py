"""Growth of guilds before their first day, from the days on which their members joined"""

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "growth_estimate",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.ARRAY(sa.Date()), nullable=False),
        sa.Column("joined", sa.ARRAY(sa.Integer()), nullable=False),
        sa.CheckConstraint("cardinality(days) = cardinality(joined)", name="growth_estimate_one_count_a_day"),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id"),
    )
    for event, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        op.execute(
            f"CREATE TRIGGER growth_estimate_{event.lower()} AFTER {event} ON growth_estimate"
            f" REFERENCING {rows} TABLE AS changed"
            " FOR EACH STATEMENT EXECUTE FUNCTION raise_data_version_of_rows()"
        )


def downgrade() -> None:
    op.drop_table("growth_estimate")
