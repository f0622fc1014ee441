"""The bundle: a version as a folder. Written once, checked against its manifest each time it is read."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from mainstay.contract import Contract, Profile, to_json
from mainstay.errors import StoreError
from mainstay.measures.money import Money
from mainstay.models.explain import Explainer
from mainstay.models.features import FILE, FeatureCode, Features, load_features, seen_by
from mainstay.models.features.compiled import imports
from mainstay.models.frameworks.calibrated import innermost
from mainstay.models.load import load_model, save_model
from mainstay.models.policy import Policy
from mainstay.models.report import Report
from mainstay.models.trust import packages_of
from mainstay.project import Problem
from mainstay.registry.card import card_markdown
from mainstay.registry.documents import Documents
from mainstay.registry.explaining import explain_records
from mainstay.registry.golden import Golden
from mainstay.registry.lineage import Lineage
from mainstay.registry.manifest import NAME, verify, write_manifest
from mainstay.registry.mlmodel import mlflow_files
from mainstay.registry.packages import read_lock, requirements_text
from mainstay.registry.plain import pretty
from mainstay.registry.signing import SIGNATURE, anybody
from mainstay.registry.trust import demand_trust, nobody
from mainstay.state import share_files, sync_file, sync_folder

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping

    from mainstay.models.explain import Explanation, Method
    from mainstay.models.model import Model
    from mainstay.models.trust import Trusted
    from mainstay.registry.entry import Entry
    from mainstay.registry.signing import Keys, Signer
    from mainstay.registry.version import Version

T = TypeVar("T")
CARD = "card.md"
REQUIREMENTS = "requirements.txt"
INPUTS = "inputs.json"
LINEAGE = "lineage.json"
_KEPT = 0o400  # a version never changes
_AT_ONCE = 4


@dataclass(frozen=True)
class Bundle:
    """A version in the hand, checked and loaded.

    Parameters
    ----------
    version : Version
        Its row in the registry.
    contract, profile, policy, report, money, problem, lineage
        As they were registered.
    model : Model
        Loaded, ready to score.
    golden : tuple of Golden
        For `golden_failures`, before it answers anybody.
    folder : Path
        Where it lies; never write there.
    features : Features or None
        Its feature code; None where it has none, and the model sees what the contract says.

    """

    version: Version
    contract: Contract
    profile: Profile
    policy: Policy
    report: Report
    model: Model
    golden: tuple[Golden, ...]
    money: Money
    problem: Problem
    lineage: Lineage
    folder: Path
    features: Features | None = None

    @property
    def inputs(self) -> Contract:
        """What the model sees: the contract, or what feature code makes of it."""
        return seen_by(self.contract, self.features)

    @cached_property
    def explainer(self) -> Explainer:
        """Explains its answers."""
        return Explainer(self.model, self.contract, self.inputs, self.profile, self.policy.task)

    def explain(self, record: Mapping[str, Any], *, method: Method = "auto", label: str | None = None) -> Explanation:
        """Explain what it says of a record; draws itself in a notebook.

        Parameters
        ----------
        record : mapping
            As a client would send it.
        method : {"auto", "exact", "sampling", "kernel", "lime"}
            How; "auto" is exact where the model can be.
        label : str, optional
            The label whose probability to explain.

        Raises
        ------
        RecordError
            Where the contract refuses the record, or leaves it to a fallback that this version lacks.
        FeaturesError
            Where feature code fails at it.

        """
        return explain_records(self, [record], method=method, label=label)[0]

    @property
    def lock(self) -> dict[str, str]:
        """What serving it needs: distribution to version."""
        return read_lock((self.folder / REQUIREMENTS).read_text(encoding="utf-8"))

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return (self.folder / CARD).read_text(encoding="utf-8")


def write_bundle(entry: Entry, folder: Path, created: dt.datetime, signer: Signer | None = None) -> str:
    """Write a version into an empty folder, sign it where there is a key, and wait until it is on the disk.

    Returns
    -------
    str
        Its digest.

    """
    model = folder / "model"
    model.mkdir(mode=0o700)
    if entry.shares is None:
        save_model(entry.candidate.model, model)
    else:
        share_files(entry.shares / "model", model)
    files = {
        "contract.json": msgspec.json.format(to_json(entry.contract), indent=1) + b"\n",
        "profile.json": pretty(entry.profile),
        "policy.json": pretty(entry.candidate.policy),
        "report.json": pretty(entry.report),
        "money.json": pretty(entry.money),
        "problem.json": pretty(entry.problem),
        "golden.json": pretty(entry.golden),
        LINEAGE: pretty(entry.lineage),
        REQUIREMENTS: requirements_text(innermost(entry.candidate.model).framework, _imported(entry)).encode(),
        CARD: card_markdown(entry, created).encode("utf-8", "replace"),
    }
    if entry.features is not None:
        files[INPUTS] = msgspec.json.format(to_json(entry.features.inputs), indent=1) + b"\n"
        files[FILE] = entry.features.code.content
    files |= mlflow_files(entry, created, REQUIREMENTS)
    for name, content in (*files.items(), *entry.code):
        (folder / name).parent.mkdir(mode=0o700, exist_ok=True)
        (folder / name).write_bytes(content)
    digest = write_manifest(folder, entry.name, created, entry.parent)
    if signer is not None:
        (folder / SIGNATURE).write_bytes(signer.sign((folder / NAME).read_bytes()))
    keep_files(folder)
    return digest


def keep_files(folder: Path) -> None:
    """Take the right to write from every file of a bundle, and wait until all of it is on the disk."""
    found = [(Path(place), names) for place, _, names in os.walk(folder)]
    files = [place / name for place, names in found for name in names]
    for path in files:
        path.chmod(_KEPT)
    # At once, so that the disk's journal is written for several of them together: a tenth of the time.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(sync_file, files))
    for place, _ in reversed(found):
        sync_folder(place)


def read_bundle(
    folder: Path,
    version: Version,
    trusted: Trusted = nobody,
    *,
    keys: Keys = anybody,
    run: bool = True,
    name: str = "",
    beside: Collection[str] = (),
) -> Bundle:
    """Check every byte of a bundle, then load it.

    Parameters
    ----------
    folder : Path
        Where it lies.
    version : Version
        Its row in the registry.
    trusted : callable
        Gives the hashes of the code that may run here.
    keys : callable
        Gives the keys whose bundles answer here.
    run : bool
        Whether it is to answer. Otherwise it is only looked at: its feature code is not run, and needs no trust, nor
        does it need a signature.
    name : str
        What to call it in errors; by its number unless given.
    beside : collection of str
        Names of files that somebody else may have written beside it; they are never read.

    Raises
    ------
    CorruptError
        Naming the file that isn't what was once written.
    TrustError
        Where it is to answer, and brings code, or is built of types, that aren't trusted here; none of it was run.
    SignatureError
        Where it is to answer, signatures are demanded here, and no trusted key made its own.

    """
    name = name or f"{version.model} version {version.number}"
    try:
        manifest = verify(folder, version.digest, name, beside, keys=keys if run else anybody)
    except OSError as error:
        raise StoreError(
            f"{name} can't be read from {folder}: {error.strerror}.", "Give this user the right to read there."
        ) from None

    documents = Documents(folder, manifest, name)
    decoded = documents.decoded
    contract = documents.contract("contract.json")
    code = FeatureCode(documents.content(FILE)) if documents.holds(FILE) else None
    if code is not None and run:
        demand_trust(code, trusted, name)
    return Bundle(
        version=version,
        contract=contract,
        profile=decoded("profile.json", Profile),
        policy=decoded("policy.json", Policy),
        report=decoded("report.json", Report),
        model=load_model(folder / "model", trusted if run else None),
        golden=decoded("golden.json", tuple[Golden, ...]),
        money=decoded("money.json", Money),
        problem=decoded("problem.json", Problem),
        lineage=decoded(LINEAGE, Lineage),
        folder=folder,
        features=None if code is None else _features(code, contract, documents.contract(INPUTS), run=run),
    )


def read_contract(folder: Path, version: Version) -> Contract:
    """Check every byte of a bundle, and read what a record must look like; nothing of it is run."""
    name = f"{version.model} version {version.number}"
    return Documents(folder, verify(folder, version.digest, name), name).contract("contract.json")


def read_lineage(folder: Path, version: Version) -> Lineage:
    """Check every byte of a bundle, and read where it comes from; nothing of it is run."""
    name = f"{version.model} version {version.number}"
    return Documents(folder, verify(folder, version.digest, name), name).decoded(LINEAGE, Lineage)


def _features(code: FeatureCode, contract: Contract, inputs: Contract, *, run: bool) -> Features:
    return load_features(code, contract, inputs) if run else Features(code, inputs)


def _imported(entry: Entry) -> tuple[str, ...]:
    """Name the packages that feature code and the model's own code or types import."""
    code = () if entry.features is None else imports(entry.features.code)
    return (*code, *packages_of(entry.candidate.model))


__all__ = ["CARD", "NAME", "Bundle", "read_bundle", "read_contract", "read_lineage", "write_bundle"]
