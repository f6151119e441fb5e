"""Distributes test modules over the processes of pytest-xdist."""

import re
from pathlib import Path

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

ROOT = Path(__file__).parents[2]
HAS_OWN_BOT = re.compile(r"^NEEDS_OWN_BOT|\brun_bot_process\b", re.MULTILINE)
BOT_UNIT, OWN_BOT_UNIT = "tests/bot", "tests/bot with own bots"
# Modules that share processes, engines or data, whose start takes long, and therefore run in one process.
MODULES_BY_UNIT = {
    "tests/browser": ("tests/browser/",),
    "tests/web": ("tests/web/",),
    OWN_BOT_UNIT: (),
    BOT_UNIT: ("tests/bot/",),
    "tests/herwa": (
        "tests/herwa/test_api_quick_start.py",
        "tests/herwa/test_backup.py",
        "tests/herwa/test_multiple_copies.py",
        "tests/herwa/test_running_copy.py",
        "tests/herwa/test_store.py",
    ),
    "tests/sim": ("tests/sim/",),
    "tests/shared/privacy": ("tests/shared/privacy/",),
    "tests/shared/embedded": ("tests/shared/embedded/",),
    "tests/shared/backup": ("tests/shared/backup/",),
    "tests/architecture": (
        "tests/architecture/test_names.py",
        "tests/architecture/test_privacy.py",
        "tests/architecture/test_unused_code.py",
    ),
}
# Modules of these packages that share nothing with the others, and other modules that take long.
LONG_MODULES = (
    "tests/journeys/test_real_history.py",
    "tests/journeys/test_population.py",
    "tests/journeys/test_governance.py",
    "tests/herwa/test_operator.py",
    "tests/web/test_lifecycle.py",
    "tests/web/test_build.py",
    "tests/web/test_statement_counts.py",
    "tests/api/rate_limits/test_redis_outage.py",
)
FIRST_UNITS = (*MODULES_BY_UNIT, *LONG_MODULES)


class LoadUnitScheduling(LoadFileScheduling):
    """Like `--dist loadfile`, but all modules that share processes are one unit, and long units run first.

    One that began late would run alone at the end.
    """

    def _split_scope(self, nodeid: str) -> str:
        return get_unit(super()._split_scope(nodeid))

    def _assign_work_unit(self, node: WorkerController) -> None:
        first = next((name for name in FIRST_UNITS if name in self.workqueue), None)
        if first is not None:
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


def get_unit(module: str) -> str:
    """Return the unit of work that a test module, given by its path, belongs to."""
    if module in LONG_MODULES:
        return module
    unit = next((name for name, prefixes in MODULES_BY_UNIT.items() if module.startswith(prefixes)), module)
    if unit == BOT_UNIT and HAS_OWN_BOT.search((ROOT / module).read_text()):
        return OWN_BOT_UNIT
    return unit
