"""Engines that are no part of Herwa, each in a locked environment of its own, made at first use."""

import json
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.report import print_progress

PEERS_PATH = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class PeerResult:
    """What an engine answered, None where it cannot express the question, and its microseconds a question."""

    decisions: tuple[bool | None, ...]
    microseconds: float
    kib: float | None = None


def install_peer(peer: str) -> Path:
    """The interpreter that has the peer as its lock says. Raises CalledProcessError when it cannot be installed."""
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


def run_peer(peer: str, job: dict[str, Any]) -> PeerResult:
    """Let the engine do the job of `benchmarks.guardrail_workload`."""
    script = PEERS_PATH / peer / "check.py"
    process = subprocess.run(
        [install_peer(peer), script], input=json.dumps(job), capture_output=True, text=True, check=False
    )
    if process.returncode:
        raise SystemExit(f"{peer} failed:\n{process.stderr}")
    output = json.loads(process.stdout.splitlines()[-1])
    return PeerResult(tuple(output["answers"]), output["us"], output.get("kib"))
