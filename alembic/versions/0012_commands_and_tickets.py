"""Commands in the event buffer, tickets, time in AFK channels and as audience of a stage"""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COMMAND_COLUMNS = ("command", "command_surface", "command_outcome")
VOICE_COLUMNS = ("audience", "afk")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in COMMAND_COLUMNS:
        op.execute(f"ALTER TABLE event_buffer ADD COLUMN {column} text")
    for column in VOICE_COLUMNS:
        op.add_column("voice_session", sa.Column(column, sa.Boolean(), server_default=sa.false(), nullable=False))
    create_ticket_tables()


def create_ticket_tables() -> None:
    op.create_table(
        "support_channel",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "channel_id"),
    )
    op.create_table(
        "ticket",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("opener_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("response_id", sa.BigInteger(), nullable=True),
        sa.Column("responder_id", sa.BigInteger(), nullable=True),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(response_id IS NULL) = (responder_id IS NULL)", name="response_has_a_responder"),
        sa.CheckConstraint("(response_id IS NULL) = (responded_at IS NULL)", name="response_has_a_time"),
        sa.ForeignKeyConstraint(["guild_id"], ["guild.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "thread_id"),
    )
    op.create_index("ix_ticket_opened_at", "ticket", ["guild_id", "opened_at"])


def downgrade() -> None:
    op.drop_table("ticket")
    op.drop_table("support_channel")
    for column in VOICE_COLUMNS:
        op.drop_column("voice_session", column)
    for column in COMMAND_COLUMNS:
        op.execute(f"ALTER TABLE event_buffer DROP COLUMN {column}")
