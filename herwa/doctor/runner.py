"""Run all checks and order their results for people."""

import asyncio
from collections.abc import Sequence

from herwa.doctor.check_result import CheckResult
from herwa.doctor.discord import check_clock, check_discord
from herwa.doctor.machine import check_data_folder, check_machine
from herwa.doctor.processes import check_ports, check_runtime
from herwa.doctor.production import check_production, require_in_production
from herwa.doctor.security import check_accounts, check_encryption
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings


async def run_checks(settings: Settings, *, production: bool = False) -> Sequence[CheckResult]:
    """Run all checks concurrently. They start nothing and change nothing.

    `production`: also those for a copy that is offered to the public.
    """
    machine, folder, encryption, ports = await asyncio.gather(
        asyncio.to_thread(check_machine),
        asyncio.to_thread(check_data_folder, settings.data_dir),
        asyncio.to_thread(check_encryption, settings),
        asyncio.to_thread(check_ports, settings),
    )
    running, accounts, discord, clock = await asyncio.gather(
        check_runtime(settings), check_accounts(settings), check_discord(settings), check_clock(settings)
    )
    results = [*machine, *folder, *encryption, *ports, *clock, *discord, *running, *accounts]
    if not production:
        return results
    return [*map(require_in_production, results), *check_production(settings, now=utc_now())]
