"""`python -m herwa_web.build [--update-lock]`: build the pages for the browser if their sources have changed."""

import argparse
import sys

from herwa_web.build.builder import BuildError, build_if_stale, update_lock


def main() -> int:
    """Entry point; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m herwa_web.build", description="Build the pages for the browser.")
    parser.add_argument("--update-lock", action="store_true", help="keep the npm lock that the build writes")
    build = update_lock if parser.parse_args().update_lock else build_if_stale
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
