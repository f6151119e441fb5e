"""Transport compression of the gateway: none, zlib-stream or zstd-stream.

Each connection has one compression stream.
"""

import zlib
from collections.abc import Callable

import zstandard

Encoder = Callable[[bytes], bytes]


def create_encoder(compress: str | None) -> Encoder | None:
    """Return the function that compresses a frame, or None for plain text.

    An unknown compression name counts as plain text.
    """
    if compress == "zstd-stream":
        return _create_zstd_encoder()
    if compress == "zlib-stream":
        return _create_zlib_encoder()
    return None


def _create_zstd_encoder() -> Encoder:
    # One zstd frame for the entire connection, with a block flush after each message. One frame per message breaks
    # the client.
    stream = zstandard.ZstdCompressor(level=1).compressobj()
    return lambda frame: stream.compress(frame) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def _create_zlib_encoder() -> Encoder:
    stream = zlib.compressobj(level=1)
    return lambda frame: stream.compress(frame) + stream.flush(zlib.Z_SYNC_FLUSH)
