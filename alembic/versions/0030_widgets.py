"""Widgets: settings, last numbers, views and clicks per day"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
KINDS = ("command", "menu", "page", "api")


def set_kinds(kinds: tuple[str, ...]) -> None:
    """Set the kinds that a surface can have."""
    op.drop_constraint("kind_is_known", "surface")
    op.create_check_constraint("kind_is_known", "surface", sa.column("kind").in_(kinds))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    set_kinds((*KINDS, "widget"))
    op.create_table(
        "widget",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("is_page", sa.Boolean(), nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    op.create_index("widget_guild_id_id", "widget", ["guild_id", "id"])
    op.create_index(
        "widget_one_page_per_guild",
        "widget",
        ["guild_id"],
        unique=True,
        postgresql_where=sa.text("is_page AND revoked_at IS NULL"),
    )
    op.create_table(
        "widget_value",
        sa.Column("widget_id", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("claimed_at", TIME, nullable=False),
        sa.Column("computed_at", TIME, nullable=True),
        sa.Column("numbers", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["widget_id"], ["widget.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("widget_id"),
    )
    op.create_table(
        "widget_use",
        sa.Column("widget_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("views", sa.BigInteger(), nullable=False),
        sa.Column("clicks", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["widget_id"], ["widget.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("widget_id", "day"),
    )


def downgrade() -> None:
    for table in ("widget_use", "widget_value", "widget"):
        op.drop_table(table)
    op.execute("DELETE FROM surface WHERE kind = 'widget'")
    set_kinds(KINDS)
