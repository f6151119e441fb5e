"""Keep Python's garbage collector from stopping a process that serves requests or events.

A full collection traverses every object of the process. In a process that has loaded the packages of an API or of pages
that takes 100 to 200 ms, during which nothing else runs.
"""

import gc

NEW_OBJECTS_PER_COLLECTION = 5_000
YOUNG_COLLECTIONS_PER_MIDDLE_COLLECTION = 5
MIDDLE_COLLECTIONS_PER_FULL_COLLECTION = 4
"""A full collection follows on about 100,000 new objects. Closed tabs and connections leave garbage that only a full
collection finds, so rare ones would let the memory of the process grow."""


def exempt_startup_objects() -> None:
    """Collect now, and exempt the objects that remain from later collections.

    Call it once everything that lives as long as the process is loaded. A second call exempts later objects, too.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.collect()  # Python skips full collections until a quarter of the objects that the last one left are new
    gc.set_threshold(
        NEW_OBJECTS_PER_COLLECTION, YOUNG_COLLECTIONS_PER_MIDDLE_COLLECTION, MIDDLE_COLLECTIONS_PER_FULL_COLLECTION
    )
