from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from mainstay.registry.environment import Package, lock_hash, own_code, record_hash, used_packages
from mainstay.registry.packages import installed, normal

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_installed_is_what_distributions_say_themselves() -> None:
    said: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        if distribution.metadata["Name"]:
            said.setdefault(normal(distribution.metadata["Name"]), distribution.version)
    assert installed() == said


def test_only_what_was_imported_and_what_that_requires_is_in_the_lock() -> None:
    names = {one.name: one for one in used_packages(["numpy", "json", "msgspec.json"])}
    assert {"mainstay", "numpy", "msgspec", "starlette", "anyio"} <= set(names)
    assert not {"pytest", "mypy", "lightgbm"} & set(names)
    assert names["numpy"].version == importlib.metadata.version("numpy")
    assert len(names["numpy"].sha256) == 64


def test_a_package_with_another_name_than_its_distribution_is_found() -> None:
    sklearn = pytest.importorskip("sklearn")
    assert sklearn.__version__ == {one.name: one.version for one in used_packages(["sklearn"])}["scikit-learn"]


def test_two_environments_of_the_same_wheel_have_the_same_hash(tmp_path: Path) -> None:
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tiny.py", "def main(): ...\n")
        file.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        file.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("tiny-1.0.dist-info/entry_points.txt", "[console_scripts]\ntiny = tiny:main\n")
        file.writestr(
            "tiny-1.0.dist-info/RECORD",
            "tiny.py,sha256=x,16\n" + "".join(f"tiny-1.0.dist-info/{n},sha256=x,1\n" for n in ("METADATA", "WHEEL")),
        )
    hashes = set()
    for name, more in (("a", ()), ("b", ("--no-compile",))):
        place = tmp_path / name / "lib"
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", *more]
        subprocess.run([*command, "--prefix", str(tmp_path / name), str(wheel)], check=True, capture_output=True)
        hashes.add(record_hash(next(place.rglob("RECORD")).read_text()))
    assert len(hashes) == 1
    assert hashes != {record_hash("tiny.py,sha256=other,16\n")}


def test_a_lock_has_a_hash_of_its_own() -> None:
    one, other = Package("a", "1", "x"), Package("b", "2", "y")
    assert lock_hash((one, other)) == lock_hash((other, one))
    assert lock_hash((one,)) != lock_hash((Package("a", "1", "z"),))


def test_own_code_has_one_hash() -> None:
    assert len(own_code()) == 64
