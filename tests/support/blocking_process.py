"""A supervised process that reports its health, prints, and then blocks its event loop until it is killed.

With a file `unblocked` in the data folder it serves until shutdown. `python -m tests.support.blocking_process`.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from herwa_shared.log import configure_logging, get_logger
from herwa_shared.runtime.process_health import monitor_health
from herwa_shared.runtime.shutdown import wait_for_shutdown

log = get_logger(__name__)


async def run() -> None:
    async with monitor_health():
        log.info("process is ready", text="a b\x1b[31m", number=1)
        sys.stdout.write("printed by a library\n")
        await asyncio.sleep(0.5)
        block_event_loop()
        await wait_for_shutdown()


def block_event_loop() -> None:
    while not Path(os.environ["HERWA_DATA_DIR"], "unblocked").exists():
        time.sleep(1)


if __name__ == "__main__":
    configure_logging("INFO", process_name="blocking")
    asyncio.run(run())
