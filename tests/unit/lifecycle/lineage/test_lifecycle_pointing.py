from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec
import pytest

from mainstay import lifecycle
from mainstay.errors import ProjectError
from mainstay.lifecycle.lineage.pointing import agreement_findings, point_to
from mainstay.registry.pointer import pointer_to, read_pointer, tree_agrees
from mainstay.release import open_books

if TYPE_CHECKING:
    from mainstay.lifecycle import Trained
    from mainstay.project import Project
    from mainstay.registry.pointer import Agreement


def agreement(project: Project) -> Agreement:
    with open_books(project) as books:
        return tree_agrees(project.root, project.name, books.registry)


def test_a_training_says_in_the_tree_which_version_it_made(
    first_training: tuple[Project, Trained], trained: Project
) -> None:
    version = first_training[1].version
    file = trained.root / f"{trained.name}.mainstay.json"
    assert file.read_bytes() == pointer_to(version)
    told = msgspec.json.decode(file.read_bytes())
    assert (told["version"], told["made"], told["digest"]) == (1, "trained", version.digest)
    assert told["data"]["fingerprint"] == version.data_fingerprint
    assert agreement(trained).words == "This tree's model is version 1, as the registry has it."
    assert [one.ok for one in agreement_findings(trained)] == [True]
    assert any(one.measure == "model_version" for one in lifecycle.check(trained).findings)


def test_a_tree_that_names_nothing_is_told(two: Project) -> None:
    assert agreement(two).state == "none"
    assert agreement_findings(two) == ()


def test_another_registry_is_told_apart_from_one_that_does_not_know(two: Project) -> None:
    with open_books(two) as books:
        version = books.registry.version(two.name, 2)
    file = two.root / f"{two.name}.mainstay.json"
    file.write_bytes(pointer_to(msgspec.structs.replace(version, digest="0" * 64)))
    assert agreement(two).state == "differs"
    assert [one.ok for one in agreement_findings(two)] == [False]
    file.write_bytes(pointer_to(msgspec.structs.replace(version, digest="0" * 64, number=9)))
    assert agreement(two).words == "This tree's model is version 9, and the registry here doesn't know it."
    assert [one.ok for one in agreement_findings(two)] == [None]
    file.write_bytes(pointer_to(msgspec.structs.replace(version, number=7)))
    assert "the very same bundle as version 2" in agreement(two).words


@pytest.mark.parametrize("content", [b"", b"{", b'{"model": 1}', b"\xff\xfe", b'{"model":"churn"' + b" " * 70_000])
def test_a_pointer_that_cannot_be_read_is_an_error_with_a_cure(two: Project, content: bytes) -> None:
    (two.root / f"{two.name}.mainstay.json").write_bytes(content)
    with pytest.raises(ProjectError, match="git restore"):
        read_pointer(two.root, two.name)
    assert agreement(two).state == "differs"


def test_whichever_of_two_trainings_ends_last_the_later_version_is_named(two: Project) -> None:
    with open_books(two) as books:
        versions = [books.registry.version(two.name, number) for number in (1, 2)] * 8
        threads = [threading.Thread(target=point_to, args=(books, version)) for version in versions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = read_pointer(two.root, two.name)
    assert found is not None
    assert found.version == 2


def test_a_tree_that_cannot_be_written_keeps_the_version_and_says_so(two: Project) -> None:
    (two.root / f"{two.name}.mainstay.json").mkdir()
    with open_books(two) as books:
        said = point_to(books, books.registry.version(two.name, 1))
    assert "doesn't name the new version" in said


def test_it_is_the_same_from_the_same_version(two: Project) -> None:
    with open_books(two) as books:
        one, other = (pointer_to(books.registry.version(two.name, 1)) for _ in range(2))
    assert one == other
