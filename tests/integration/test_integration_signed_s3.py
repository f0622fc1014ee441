"""Signatures of bundles that are kept in an object store: they come with the bundle, and after it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay import lifecycle
from mainstay.errors import SignatureError
from mainstay.release import open_books
from mainstay.serving.testing import TINY_MODEL, register_model, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def load(project: Project, number: int) -> str:
    with open_books(project) as books:
        return books.registry.load_bundle("churn", number).version.signer


def test_a_copy_from_before_a_version_was_signed_is_brought_here_anew(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker, server = tiny_project(tmp_path / "maker"), tiny_project(tmp_path / "server")
    monkeypatch.setenv("MAINSTAY_STORE", f"{bucket}/models")
    monkeypatch.setenv("MAINSTAY_STATE", f"sqlite:///{tmp_path / 'shared.sqlite'}")
    register_model(maker, TINY_MODEL)
    load(server, 1)  # unsigned, and this machine keeps a copy
    key = lifecycle.new_key(maker, name="release", now=NOON, sign=False).key
    lifecycle.trust_key(server, key.public, name="release", now=NOON)
    with pytest.raises(SignatureError, match="isn't signed"):
        load(server, 1)
    assert [one.version for one in lifecycle.sign_versions(maker)] == [1]
    assert load(server, 1) == key.id
    register_model(maker, TINY_MODEL)  # signed as it is made
    assert load(server, 2) == key.id
    other = lifecycle.new_key(maker, name="other", now=NOON.replace(hour=13)).key
    lifecycle.sign_versions(maker, [2])  # by a key that the server doesn't trust
    assert load(server, 2) == other.id  # its own copy carries the signature of before: what it trusts, it loads
    with open_books(server) as books:
        books.registry.store.drop("churn", 2)
    with pytest.raises(SignatureError, match=f"signed by the key '{other.id}', which isn't trusted here"):
        load(server, 2)
    lifecycle.export_version(server, 1, tmp_path / "one.zip")
    with pytest.raises(Exception, match="is here already"):
        lifecycle.import_version(server, tmp_path / "one.zip", parent=None, now=NOON, by="a test")
