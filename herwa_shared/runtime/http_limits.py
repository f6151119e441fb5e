"""All limits of HTTP and WebSocket connections, for the public port and for the API's port.

`docs/security.md` explains them. Times are seconds, sizes are bytes.
"""

from herwa_shared.runtime.fair_sharing import PoolLimit, RateLimit

# Connections
CONNECTIONS = PoolLimit(total=4_000, per_address=400, free_share=8)
CONNECTION_RATE = RateLimit(per_second=100, burst=400, min_per_second=2, min_burst=40, total_per_second=800)
MAX_DELAY_SECONDS = 5.0
"""A connection or request that would have to wait for longer is refused."""
SPARE_OPEN_FILES = 512
"""Files and sockets that a process needs besides its clients' connections."""

# Request heads
MAX_HEADERS = 100
MAX_HEAD_BYTES = 32_768
HEAD_SECONDS = 10.0
MAX_PIPELINED_REQUESTS = 8

# Request bodies
MAX_BODY_BYTES = 65_536
BODY_CHUNK_SECONDS = 10.0
BODY_SECONDS = 60.0

# Answers
RESPONSE_CHUNK_SECONDS = 20.0
CLOSE_SECONDS = 5.0
"""How long a connection that we close may take to receive the rest of its answer."""
MAX_DISCARDED_BYTES = 1_048_576
"""Bytes that a refused client may still send while it receives its answer."""
READ_AHEAD_BYTES = 262_144
"""How much of an answer the proxy reads from the API before the client has received it."""

# Requests
REQUEST_RATE = RateLimit(per_second=50, burst=400, min_per_second=2, min_burst=12, total_per_second=200)
RUNNING_REQUESTS = PoolLimit(total=24, per_address=6)
API_CONNECTIONS = PoolLimit(total=24, per_address=6)
SLOT_SECONDS = 20.0
"""How long a request or event waits for a slot of a pool."""

# WebSocket frames of every kind
MAX_FRAME_BYTES = 65_536
SOCKET_FRAMES_PER_SECOND = 15.0
SOCKET_FRAME_BURST = 50.0
FRAME_RATE = RateLimit(per_second=250, burst=500, min_per_second=3, min_burst=50, total_per_second=1_000)
HANDSHAKE_SECONDS = 30.0

# Tabs: WebSockets of pages, and the state that the server keeps for each
TABS = PoolLimit(total=1_000, per_address=200)
TAB_RATE = RateLimit(per_second=10, burst=60, min_per_second=0.2, min_burst=6, total_per_second=20)
VISITOR_EVENTS = PoolLimit(total=64, per_address=4, free_share=2)
"""Running events of visitors without a session, who share the slots of their address."""
USER_EVENTS = PoolLimit(total=48, per_address=8, free_share=2)
"""Running events of users, each with slots of their own."""
MAX_EVENT_SECONDS = 10.0
"""After this time an event that still runs no longer holds a slot."""
MAX_WAITING_EVENTS = 20
"""Events of one tab that wait for a slot before the tab is no longer read."""
MAX_LOCATION_BYTES = 4_096
"""Path and query of the page, which the server keeps in the state of a tab."""
