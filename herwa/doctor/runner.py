"""Every check in the order in which people should read them."""

import asyncio
from collections.abc import Sequence

from herwa.doctor.check_result import Finding
from herwa.doctor.discord import clock_findings, discord_findings
from herwa.doctor.machine import folder_findings, machine_findings
from herwa.doctor.processes import port_findings, running_findings
from herwa_shared.config import Settings


async def checkup(settings: Settings) -> Sequence[Finding]:
    """Look at everything; nothing is started, nothing is changed."""
    machine, folder, ports = await asyncio.gather(
        asyncio.to_thread(machine_findings),
        asyncio.to_thread(folder_findings, settings.data_dir),
        asyncio.to_thread(port_findings, settings),
    )
    running, discord, clock = await asyncio.gather(
        running_findings(settings), discord_findings(settings), clock_findings(settings)
    )
    return [*machine, *folder, *ports, *clock, *discord, *running]
