"""`python -m herwa_web.build [--check | --update-lock]`: build the pages if their sources changed."""

import argparse
import sys

from herwa_web.build.builder import BuildError, build_if_stale, update_lock
from herwa_web.build.cache import find_build


def main() -> int:
    """Run the build and return the exit code; 130 after Ctrl+C."""
    parser = argparse.ArgumentParser(prog="python -m herwa_web.build", description="Build the pages for the browser.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="build nothing; exit code 1 if the pages are not built")
    mode.add_argument("--update-lock", action="store_true", help="keep the npm lock that the build writes")
    arguments = parser.parse_args()
    if arguments.check:
        return 0 if find_build() else 1
    build = update_lock if arguments.update_lock else build_if_stale
    try:
        build(lambda line: print(f"→ {line}", flush=True))  # noqa: T201
    except BuildError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
