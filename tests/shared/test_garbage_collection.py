"""Objects of the startup are not traversed by the garbage collector, and garbage does not pile up."""

import gc
import sys
from subprocess import run

SCRIPT = """
import gc
from herwa_shared.runtime.garbage_collection import exempt_startup_objects
kept = [[] for _ in range(1_000)]
exempt_startup_objects()
kept.append([])
traversed = {id(item) for item in gc.get_objects()}
assert id(kept[0]) not in traversed and id(kept[-1]) in traversed
exempt_startup_objects()
assert id(kept[-1]) not in {id(item) for item in gc.get_objects()}
garbage = []
garbage.append(garbage)
del garbage
print(gc.collect(), gc.get_threshold()[0])
"""

GROWTH_SCRIPT = """
import gc
from collections import deque
from herwa_shared.runtime.garbage_collection import exempt_startup_objects
kept = [[] for _ in range(400_000)]
exempt_startup_objects()
young = deque(maxlen=20_000)
largest = 0
for number in range(1_000_000):
    garbage = []
    garbage.append(garbage)
    young.append(garbage)
    if number % 10_000 == 0:
        largest = max(largest, len(gc.get_objects()))
print(largest)
"""


def test_garbage_is_bounded_when_young_collections_do_not_find_it():
    output = run([sys.executable, "-c", GROWTH_SCRIPT], capture_output=True, text=True, check=True).stdout
    assert int(output) < 200_000


def test_objects_of_the_startup_are_exempt_and_later_garbage_is_collected():
    output = run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout
    collected, threshold = (int(number) for number in output.split())
    assert collected >= 1
    assert threshold > gc.get_threshold()[0]
