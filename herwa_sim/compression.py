"""The three ways a gateway socket can be written: plain text, zlib-stream and zstd-stream; one stream a connection."""

import zlib
from collections.abc import Callable

import zstandard

Encoder = Callable[[bytes], bytes]


def create_encoder(compress: str | None) -> Encoder | None:
    """What turns a frame into bytes for the wire; None means plain text. An unknown name counts as none."""
    if compress == "zstd-stream":
        return _create_zstd_encoder()
    if compress == "zlib-stream":
        return _create_zlib_encoder()
    return None


def _create_zstd_encoder() -> Encoder:
    # One zstd frame for the whole connection, flushed a block a message: a frame a message breaks the client.
    stream = zstandard.ZstdCompressor(level=1).compressobj()
    return lambda frame: stream.compress(frame) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def _create_zlib_encoder() -> Encoder:
    stream = zlib.compressobj(level=1)
    return lambda frame: stream.compress(frame) + stream.flush(zlib.Z_SYNC_FLUSH)
