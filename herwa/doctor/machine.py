"""What the machine brings: Python, the renderer of pictures and its fonts, the built pages, a browser for the tests."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator

from herwa.doctor.finding import Finding, good, note, wrong
from herwa_shared.charts.fonts import MEND, missing_scripts
from herwa_shared.charts.renderer import RendererMissing

OLDEST = (3, 11)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BUILD_SECONDS = 30


def machine_findings() -> list[Finding]:
    """In the order in which they matter."""
    return [*_python(), *_pictures(), *_pages(), *_browser()]


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info < OLDEST:
        yield wrong("Python", f"this is {version}", "install Python 3.11 or newer and run `make clean up`")
    else:
        yield good("Python", version)


def _pictures() -> Iterator[Finding]:
    try:
        missing = missing_scripts()
    except RendererMissing as error:
        yield wrong("Pictures", str(error), "apt-get install libgl1 libegl1")
        return
    if missing:
        yield note("Fonts", f"no font on this machine draws {', '.join(missing)}: names show empty boxes", MEND)
    else:
        yield good("Fonts", "every script can be drawn in pictures")


def _pages() -> Iterator[Finding]:
    """The room of the pages knows whether its build is of this very source."""
    command = [sys.executable, "-m", "herwa_web.build", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    if done.returncode:
        yield note("Pages", "not built yet, or from an older version", "`herwa up` builds them; it takes half a minute")
    else:
        yield good("Pages", "built")


def _browser() -> Iterator[Finding]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        yield good("Browser", f"{found}, for the tests")
    else:
        yield note("Browser", "no Chromium: only the tests need it", "apt-get install chromium, or run `make test`")
