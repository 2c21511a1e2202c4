"""The Cloud API simulator is a distribution of its own: built, installed without this project, and used."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "simulator" / "whatsapp_cloud"
NAME = "whatsapp-cloud-simulator"
PACKAGE = "whatsapp_cloud_simulator"
LIMIT_S = 120


def run(*command: str | Path, cwd: Path) -> str:
    """What a program prints, isolated from the variables that lead Python elsewhere."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={"PATH": "/usr/bin:/bin"}, capture_output=True, timeout=LIMIT_S,
        check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def applying(found: Distribution) -> Iterator[Requirement]:
    """What a distribution requires here, without extras."""
    for text in found.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def closure(requirements: Iterator[Requirement]) -> dict[str, Distribution]:
    """The distributions that satisfy requirements, and theirs, as installed here."""
    found: dict[str, Distribution] = {}
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        one = distribution(requirement.name)
        assert requirement.specifier.contains(one.version, prereleases=True), (requirement, one.version)
        if one.name.lower() not in found:
            found[one.name.lower()] = one
            waiting += applying(one)
    return found


def link(found: Distribution, folder: Path) -> None:
    """Put a distribution into another environment by links to its files."""
    tops = {file.parts[0] for file in found.files or () if file.parts[0] not in {"..", "__pycache__"}}
    for top in sorted(tops):
        if not (folder / top).exists():
            (folder / top).symlink_to(Path(str(found.locate_file(top))))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a checkout."""
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=SOURCE)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel and what it requires, and nothing else.

    The required libraries are those of the running environment: an index that cannot be reached fails no test.
    """
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    folder = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    offline = ("--no-index", "--no-deps", "--disable-pip-version-check", "--quiet")
    run(sys.executable, "-m", "pip", "--python", python, "install", *offline, wheel, cwd=home)
    metadata = next(folder.glob("*.dist-info"))
    for one in closure(applying(Distribution.at(metadata))).values():
        link(one, folder)
    return python


def test_the_wheel_holds_the_package_its_types_and_its_license(wheel: Path) -> None:
    """No test, no example and no file of the project around it."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        license_text = next(archive.read(name) for name in names if name.endswith("licenses/LICENSE"))
    assert {name.split("/")[0] for name in names} == {PACKAGE, f"{PACKAGE}-0.1.0.dist-info"}
    assert {f"{PACKAGE}/py.typed", f"{PACKAGE}/__init__.py", f"{PACKAGE}/conformance/runner.py"} <= set(names)
    assert [name for name in names if "examples" in name] == []
    assert license_text == (ROOT / "LICENSE").read_bytes()


def test_the_example_runs_where_only_the_wheel_is_installed(python: Path, tmp_path: Path) -> None:
    """The echo bot of the README, outside the repository."""
    example = tmp_path / "echo_bot.py"
    example.write_bytes((SOURCE / "examples" / "echo_bot.py").read_bytes())
    assert run(python, "-I", example, cwd=tmp_path) == "The phone shows: Hello, bot\n"


def test_every_module_can_be_imported_without_the_project(python: Path, tmp_path: Path) -> None:
    """Every library that a module needs is required by the distribution."""
    program = f"""
import importlib, pkgutil, sys
import {PACKAGE} as package
names = [found.name for found in pkgutil.walk_packages(package.__path__, "{PACKAGE}.")]
for name in names:
    importlib.import_module(name)
assert not {{"service", "simulator"}} & set(sys.modules)
print(len(names))
"""
    assert int(run(python, "-I", "-c", program, cwd=tmp_path)) > 40


def test_the_readme_shows_the_example_that_is_tested() -> None:
    """Word for word."""
    assert (SOURCE / "examples" / "echo_bot.py").read_text("utf-8") in (SOURCE / "README.md").read_text("utf-8")
