"""Run uv with the arguments given, and with the package indexes that pip is configured to use.

uv ignores pip's configuration: its files and its environment variables `PIP_…`. This script translates it to the
environment variables of uv. An environment variable of uv that is set already stays as it is.
"""

import ast
import os
import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

UV = Path(sys.executable).with_name("uv")

# pip reads these sections for `pip install`; a later one overrides an earlier one.
SECTIONS = ("global.", "install.", ":env:.")

# Each option of pip, the variables of uv, and the separator of several values. The first variable is set, unless one of
# them is set already.
OPTIONS = {
    "index-url": (("UV_DEFAULT_INDEX", "UV_INDEX_URL"), " "),
    "extra-index-url": (("UV_INDEX", "UV_EXTRA_INDEX_URL"), " "),
    "find-links": (("UV_FIND_LINKS",), ","),
    "no-index": (("UV_NO_INDEX",), " "),
    "trusted-host": (("UV_INSECURE_HOST",), " "),
    "proxy": (("ALL_PROXY", "HTTPS_PROXY"), " "),
    "cert": (("SSL_CERT_FILE",), " "),
    "client-cert": (("SSL_CLIENT_CERT",), " "),
    "default-timeout": (("UV_HTTP_TIMEOUT",), " "),
    "timeout": (("UV_HTTP_TIMEOUT",), " "),
    "retries": (("UV_HTTP_RETRIES",), " "),
}


def main() -> None:
    """Replace this process by uv."""
    environment = {**os.environ, **build_uv_environment(read_pip_options(), os.environ)}
    os.execve(UV, ["uv", *sys.argv[1:]], environment)  # noqa: S606


def read_pip_options() -> dict[str, str]:
    """Return pip's options from its files and environment variables, by name without the section."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.partition("=") for line in result.stdout.splitlines()]
    return {
        name.removeprefix(section): ast.literal_eval(value)
        for section in SECTIONS
        for name, _, value in lines
        if name.startswith(section)
    }


def build_uv_environment(options: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to add to `environment`, so that uv finds packages where pip finds them."""
    # Each package has hashes, so every index may be searched for it, as pip does.
    added = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    # pip trusts the certificates of the system; uv by itself trusts only those that it brings.
    if ssl.get_default_verify_paths().cafile or ssl.get_default_verify_paths().capath:
        added["UV_SYSTEM_CERTS"] = "true"
    for option, (variables, separator) in OPTIONS.items():
        if option in options and not any(variable in environment for variable in variables):
            added[variables[0]] = separator.join(options[option].split())
    return {name: value for name, value in added.items() if name not in environment}


if __name__ == "__main__":
    main()
