"""Downloads of exports that are in the audit log, as far as this process knows."""

from collections import OrderedDict

MAX_DOWNLOADS = 10_000


class StartedDownloads:
    """Who has downloaded which export, so that the ranges of one download are recorded once.

    At most MAX_DOWNLOADS are known. One that is not known, also after a restart, is recorded again: a client cannot
    avoid the audit log by never asking for the first byte.
    """

    def __init__(self) -> None:
        self._downloads: OrderedDict[tuple[int, str], None] = OrderedDict()

    def is_known(self, export_id: int, binding: str) -> bool:
        """Return whether a session or key, by the binding of its links, has downloaded this export."""
        return (export_id, binding) in self._downloads

    def add(self, export_id: int, binding: str) -> None:
        """Remember a download that was recorded."""
        self._downloads[export_id, binding] = None
        self._downloads.move_to_end((export_id, binding))
        if len(self._downloads) > MAX_DOWNLOADS:
            self._downloads.popitem(last=False)
