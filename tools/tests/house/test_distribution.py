"""The one distribution: its versions agree, and what is built from it holds what it should."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tools.tests.house import tree

PACKAGES = {
    "crex": Path("sdk/src/crex"),
    "crex_broker": Path("reference_broker/src/crex_broker"),
    "crex_conformance": Path("conformance/src/crex_conformance"),
}
PROJECT = tomllib.loads((tree.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CHANGELOG = (tree.ROOT / "CHANGELOG.md").read_text("utf-8")


def canonical(name: str) -> str:
    """The name of a distribution as the packaging rules compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_has_the_version_of_the_distribution() -> None:
    """The three packages are released together, under one version."""
    for package, folder in PACKAGES.items():
        source = (tree.ROOT / folder / "__init__.py").read_text("utf-8")
        assert re.findall(r'^__version__ = "(.+)"$', source, re.MULTILINE) == [PROJECT["version"]], package


def test_the_changelog_tells_of_this_version() -> None:
    """CHANGELOG.md has a heading for the current version, divided into the four parts."""
    sections = re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)[1:]
    current = next(section for section in sections if section.startswith(f"[{PROJECT['version']}]"))
    assert re.findall(r"^### (.+)$", current, re.MULTILINE) == ["Protocol", "SDK", "Broker", "Conformance"]


def test_every_dependency_is_pinned_once() -> None:
    """constraints.txt gives one exact version for every dependency that pyproject.toml names."""
    lines = (tree.ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[^ ]+( ; .+)?", pin) for pin in pins)
    wanted = [
        *PROJECT["dependencies"],
        *(d for extra in PROJECT["optional-dependencies"].values() for d in extra),
    ]
    names = {canonical(re.split(r"[<>=!~;\\[ ]", dependency)[0]) for dependency in wanted}
    assert names <= {pin.partition("==")[0] for pin in pins}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a release makes it: out of the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(tree.ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_three_packages(wheel: Path) -> None:
    """Every file of the source packages is in the wheel byte for byte, and nothing else is."""
    expected = {
        f"{package}/{path.relative_to(folder).as_posix()}": (tree.ROOT / path).read_bytes()
        for package, folder in PACKAGES.items()
        for path in tree.files()
        if path.is_relative_to(folder)
    }
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        assert {PurePosixPath(name).parts[0] for name in names} == set(PACKAGES)
        assert {name: archive.read(name) for name in names} == expected


@pytest.mark.slow
def test_the_wheel_runs_where_it_is_installed(wheel: Path, tmp_path: Path) -> None:
    """Installed without this repository, the packages import and their data is found beside them."""
    installed = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--target", str(installed), str(wheel)], check=True)
    program = "; ".join(f"import {name}; print({name}.__file__)" for name in [*PACKAGES, "crex.v1"])
    ran = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            f"import sys; sys.path.insert(0, {str(installed)!r}); {program}",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(Path(line).is_relative_to(installed) for line in ran.stdout.split())
    scripts = {path.name for path in (installed / "bin").iterdir()}
    assert scripts >= set(PROJECT["scripts"])
