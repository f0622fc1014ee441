"""A bundle that came without its registry: from a folder, or from MLflow."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mainstay.errors import CorruptError, InputError
from mainstay.registry.bundle import read_bundle
from mainstay.registry.golden import golden_failures
from mainstay.registry.manifest import NAME, manifest_bytes, read_manifest
from mainstay.registry.mlmodel import BESIDE
from mainstay.registry.signing import anybody, demand_signature
from mainstay.registry.trust import nobody
from mainstay.registry.version import Version

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.models.trust import Trusted
    from mainstay.registry.bundle import Bundle
    from mainstay.registry.signing import Keys


def is_bundle(folder: Path) -> bool:
    """Say whether a folder looks like a bundle."""
    return (folder / NAME).is_file()


def read_loose(folder: Path, trusted: Trusted = nobody, keys: Keys = anybody) -> Bundle:
    """Check a bundle against its own manifest, load it, and send it its golden records.

    Without a registry nobody knows which manifest it ought to have: without keys this finds damage, not forgery. Its
    version has no number, and the digest that the manifest has.

    Parameters
    ----------
    folder : Path
        Where it lies.
    trusted : callable
        Gives the hashes of the code that may run here.
    keys : callable
        Gives the keys whose bundles are loaded here.

    Raises
    ------
    InputError
        Where it is no bundle.
    CorruptError
        Naming the file that isn't what its manifest says; or where it doesn't answer as it did when it was made.
    TrustError
        Where it brings code, or is built of types, that aren't trusted here; none of it was run.

    """
    if not is_bundle(folder):
        raise InputError(f"{folder} holds no {NAME}: it is no version of mainstay.", "Name its folder.")
    content = manifest_bytes(folder, f"The version in {folder}")
    demand_signature(folder, content, keys(), f"The version in {folder}")  # before anything in it is decoded
    manifest = read_manifest(content, str(folder))
    name = f"The version of {manifest.model} in {folder}"
    version = Version(
        model=manifest.model,
        number=0,
        created=manifest.created,
        by="",
        parent=manifest.parent,
        digest=hashlib.sha256(content).hexdigest(),
        data_fingerprint="",
        git_commit="",
        dirty=False,
        candidate="",
        primary=None,
    )
    bundle = read_bundle(folder, version, trusted, keys=keys, name=name, beside=BESIDE)
    failures = golden_failures(bundle.contract, bundle.model, bundle.golden, bundle.features)
    if failures:
        raise CorruptError(
            f"{name} doesn't answer as it did when it was registered: {failures[0]}",
            "Install what its requirements.txt names, or train it again.",
        )
    return bundle
