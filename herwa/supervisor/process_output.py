"""The output of a supervised process: its log file has every line as it was written, the console shows it rendered."""

import asyncio
import contextlib

from herwa.console import print_log_line
from herwa_shared.runtime.log_file import LogFile

MAX_LINE_BYTES = 256 << 10
LATE_OUTPUT_SECONDS = 1.0


async def forward_output(stream: asyncio.StreamReader, log: LogFile, *, process_name: str) -> None:
    """Copy lines to the log file and the console until the end of the output."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # the line exceeds MAX_LINE_BYTES: that part of it is skipped
            continue
        if not line:
            return
        with contextlib.suppress(OSError):  # disk full: the console still shows the line
            log.write(line)
        print_log_line(line.decode(errors="replace").rstrip(), process_name=process_name)
