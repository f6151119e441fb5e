"""uv finds packages where pip is configured to find them."""

import base64
import hashlib
import importlib.util
import os
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "run_uv.py"
WHEEL_NAME = "herwa_sample-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def script():
    """Import the script as a module."""
    spec = importlib.util.spec_from_file_location("run_uv", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_wheel(folder: Path) -> None:
    """Write a wheel with one module to `folder`."""
    folder.mkdir(parents=True)
    files = {
        "herwa_sample.py": "",
        "herwa_sample-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: herwa-sample\nVersion: 1.0\n",
        "herwa_sample-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},sha256={hash_text(text)},{len(text)}\n" for name, text in files.items())
    files["herwa_sample-1.0.dist-info/RECORD"] = f"{record}herwa_sample-1.0.dist-info/RECORD,,\n"
    with zipfile.ZipFile(folder / WHEEL_NAME, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


def hash_text(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Serve a package index that has one package, and return its URL."""
    folder = tmp_path_factory.mktemp("index")
    package = folder / "simple" / "herwa-sample"
    write_wheel(package)
    package.joinpath("index.html").write_text(f'<a href="{WHEEL_NAME}">{WHEEL_NAME}</a>')

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_arguments) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def write_pip_configuration(folder: Path, sections: dict[str, dict[str, str]]) -> Path:
    """Write a configuration file of pip, and return its path."""
    configuration = ConfigParser()
    configuration.read_dict(sections)
    path = folder / "pip.conf"
    with path.open("w") as file:
        configuration.write(file)
    return path


def install_sample(folder: Path, variables: dict[str, str]) -> list[str]:
    """Install the package with uv, in an environment without settings of pip and uv; return the files installed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "UV_CACHE_DIR": str(folder / "cache"), **variables}
    command = [sys.executable, SCRIPT, "pip", "install", "--target", folder / "target", "herwa-sample"]
    subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)
    return [file.name for file in (folder / "target").glob("*.py")]


@pytest.mark.parametrize("option", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"])
def test_uv_installs_from_the_index_in_pips_environment_variables(tmp_path, index, option):
    assert install_sample(tmp_path, {option: index}) == ["herwa_sample.py"]


@pytest.mark.parametrize("section", ["global", "install"])
def test_uv_installs_from_the_index_in_pips_configuration_file(tmp_path, index, section):
    configuration = write_pip_configuration(tmp_path, {section: {"index-url": index}})
    assert install_sample(tmp_path, {"PIP_CONFIG_FILE": str(configuration)}) == ["herwa_sample.py"]


def test_uv_installs_from_a_folder_of_wheels_without_an_index(tmp_path):
    write_wheel(tmp_path / "wheels")
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    assert install_sample(tmp_path, variables) == ["herwa_sample.py"]


def test_each_option_of_pip_becomes_a_variable_of_uv(script):
    options = {
        "index-url": "http://a/simple",
        "extra-index-url": "http://b/simple\nhttp://c/simple",
        "find-links": "/wheels http://d/wheels",
        "trusted-host": "a b",
        "cert": "/ca.pem",
        "timeout": "180",
        "constraint": "/constraints.txt",
    }
    added = script.build_uv_environment(options, {"UV_SYSTEM_CERTS": "false"})
    assert added == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "http://a/simple",
        "UV_INDEX": "http://b/simple http://c/simple",
        "UV_FIND_LINKS": "/wheels,http://d/wheels",
        "UV_INSECURE_HOST": "a b",
        "SSL_CERT_FILE": "/ca.pem",
        "UV_HTTP_TIMEOUT": "180",
    }


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_variable_of_uv_overrides_the_option_of_pip(script, variable):
    added = script.build_uv_environment({"index-url": "http://a/simple"}, {variable: "http://b/simple"})
    assert "UV_DEFAULT_INDEX" not in added


def test_environment_variable_of_pip_overrides_its_files(script, tmp_path, monkeypatch):
    configuration = write_pip_configuration(
        tmp_path, {"global": {"index-url": "http://a/simple", "proxy": "http://p"}, "install": {"proxy": "http://q"}}
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("PIP_INDEX_URL", "http://b/simple")
    options = script.read_pip_options()
    assert (options["index-url"], options["proxy"]) == ("http://b/simple", "http://q")
