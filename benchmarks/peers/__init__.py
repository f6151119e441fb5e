"""Engines that are no part of Herwa, each in a locked environment of its own, made at first use."""

import json
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.report import remark

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Answers:
    """What an engine answered, None where it cannot express the question, and its microseconds a question."""

    answers: tuple[bool | None, ...]
    us: float
    kib: float | None = None


def python_of(peer: str) -> Path:
    """The interpreter that has the peer as its lock says. Raises CalledProcessError when it cannot be installed."""
    lock, place = HERE / peer / "requirements.txt", HERE / peer / ".venv"
    stamp, digest = place / "lock", sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        remark(f"installing {peer} into {place.relative_to(HERE.parent)}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        pip = [str(place / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
        subprocess.run(
            [*pip, "install", "--no-deps", "--require-hashes", "-r", str(lock)], check=True, stdout=sys.stderr
        )
        stamp.write_text(digest)
    return place / "bin/python"


def ask(peer: str, job: dict[str, Any]) -> Answers:
    """Let the engine do the job of `benchmarks.governed`."""
    script = HERE / peer / "check.py"
    done = subprocess.run([python_of(peer), script], input=json.dumps(job), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{peer} failed:\n{done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Answers(tuple(told["answers"]), told["us"], told.get("kib"))
