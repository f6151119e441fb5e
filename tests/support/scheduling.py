"""Distributes test modules over the processes of pytest-xdist."""

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

# Modules that share a running copy, whose start takes long, and therefore run in one process.
MODULES_BY_COPY = {
    "tests/browser": ("tests/browser/",),
    "tests/herwa": (
        "tests/herwa/test_api_quick_start.py",
        "tests/herwa/test_backup.py",
        "tests/herwa/test_multiple_copies.py",
        "tests/herwa/test_running_copy.py",
    ),
}


class LoadCopyScheduling(LoadFileScheduling):
    """Like `--dist loadfile`, but all modules that share a copy are one unit, and those units run first.

    They take longest: one that began late would run alone at the end.
    """

    def _split_scope(self, nodeid: str) -> str:
        return get_unit(super()._split_scope(nodeid))

    def _assign_work_unit(self, node: WorkerController) -> None:
        for name in MODULES_BY_COPY.keys() & self.workqueue.keys():
            self.workqueue.move_to_end(name, last=False)
        super()._assign_work_unit(node)


def get_unit(module: str) -> str:
    """Return the unit of work that a test module, given by its path, belongs to."""
    return next((name for name, prefixes in MODULES_BY_COPY.items() if module.startswith(prefixes)), module)
