"""The event buffer: where events wait for ClickHouse, and what keeps each of them single"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SLOTS = 24

# A ring of five-minute slots, so that moved events go by TRUNCATE. `txid` is the writing transaction: rows of
# transactions older than every running one can neither change nor grow in number.
BUFFER = """
CREATE TABLE event_buffer (
    slot        smallint    NOT NULL DEFAULT ((extract(epoch FROM now())::bigint / 300) % 24),
    txid        bigint      NOT NULL DEFAULT txid_current(),
    seq         bigint      GENERATED ALWAYS AS IDENTITY,
    stored_at   timestamptz NOT NULL DEFAULT now(),
    guild_id    bigint      NOT NULL,
    kind        text        NOT NULL,
    at_ms       bigint      NOT NULL,
    channel_id  bigint      NOT NULL,
    thread_id   bigint      NOT NULL,
    user_id     bigint      NOT NULL,
    reply       boolean     NOT NULL,
    value       integer,
    attachments smallint
) PARTITION BY LIST (slot)
"""

# One row: how far the mover has come, and the batch that is on its way.
STATE = """
CREATE TABLE ingest_state (
    id          integer     PRIMARY KEY CHECK (id = 0),
    wm_txid     bigint      NOT NULL DEFAULT 0,
    wm_seq      bigint      NOT NULL DEFAULT 0,
    batch       uuid,
    hi_txid     bigint,
    hi_seq      bigint,
    rows        bigint,
    planned_at  timestamptz,
    moved       bigint      NOT NULL DEFAULT 0,
    moved_at    timestamptz,
    failures    integer     NOT NULL DEFAULT 0,
    last_error  text
)
"""

# Which messages are already recorded: every id from `from_id` to `to_id`, and the very newest ones by name.
COVERAGE = """
CREATE TABLE channel_coverage (
    guild_id    bigint      NOT NULL,
    channel_id  bigint      NOT NULL,
    from_id     bigint      NOT NULL,
    to_id       bigint      NOT NULL,
    recent      bigint[]    NOT NULL DEFAULT '{}',
    PRIMARY KEY (guild_id, channel_id, from_id),
    CHECK (from_id <= to_id)
)
"""

# "Bring everything you hold": one row a request, answered by every collector in `process.drained`.
DRAIN = """
CREATE TABLE drain_request (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT now()
)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(BUFFER)
    for slot in range(SLOTS):
        op.execute(f"CREATE TABLE event_buffer_{slot:02} PARTITION OF event_buffer FOR VALUES IN ({slot})")
    op.execute("CREATE INDEX event_buffer_order ON event_buffer (txid, seq)")
    op.execute(STATE)
    op.execute("INSERT INTO ingest_state (id) VALUES (0)")
    op.execute(COVERAGE)
    op.execute(DRAIN)


def downgrade() -> None:
    op.execute("DROP TABLE drain_request, channel_coverage, ingest_state, event_buffer")
