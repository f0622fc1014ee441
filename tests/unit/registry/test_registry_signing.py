"""Signatures: what no trusted key signed isn't loaded, however the rest of it looks; without keys nothing is asked."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tests.unit.registry.conftest import NOON

from mainstay.errors import CorruptError, InputError, MainstayError, NotFoundError, SetupError, SignatureError
from mainstay.project import Project, open_project
from mainstay.registry import Entry, ProjectKeys, Registry, TrustedKeys, signature_fault
from mainstay.registry.keys import VARIABLE, Known
from mainstay.registry.store import FileStore

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.state import State

SIGNATURE = "signature.json"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "mainstay.toml").write_text('[problem]\nname = "churn"\n')
    return open_project(tmp_path)


@pytest.fixture
def keys(project: Project) -> ProjectKeys:
    return ProjectKeys(project)


@pytest.fixture
def signed(state: State, project: Project, keys: ProjectKeys) -> Registry:
    return Registry(state, FileStore(project.books / "store"), keyring=keys)


def overwrite(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def test_what_a_key_signs_is_loaded_and_the_row_names_the_key(
    signed: Registry, keys: ProjectKeys, entry: Entry
) -> None:
    key = keys.make("release", NOON)
    version = signed.register(entry)
    assert version.signer == key.id
    assert signed.version("churn", 1).signer == key.id
    assert signed.load_bundle("churn", 1).version.signer == key.id
    assert signed.signature_fault("churn", 1) == ""
    manifest = json.loads((signed.folder("churn", 1) / "manifest.json").read_bytes())
    assert SIGNATURE not in {file["path"] for file in manifest["files"]}


def test_the_signature_is_over_the_very_bytes_and_for_nothing_else(
    signed: Registry, keys: ProjectKeys, entry: Entry
) -> None:
    key = keys.make("release", NOON)
    signed.register(entry)
    folder = signed.folder("churn", 1)
    manifest = (folder / "manifest.json").read_bytes()
    assert signature_fault(folder, manifest, keys.trusted()) == ""
    assert "didn't make for it" in signature_fault(folder, manifest + b" ", keys.trusted())
    # A signature over the bare bytes, as any other program of the key's owner might make, is none of ours.
    private = keys.signer()
    assert private is not None
    bare = base64.b64encode(private.private.sign(manifest)).decode()
    overwrite(folder / SIGNATURE, json.dumps({"key": key.id, "signature": bare}).encode())
    assert "didn't make for it" in signature_fault(folder, manifest, keys.trusted())


def test_without_keys_nothing_is_signed_and_nothing_is_asked(signed: Registry, entry: Entry) -> None:
    assert signed.register(entry).signer == ""
    assert not (signed.folder("churn", 1) / SIGNATURE).exists()
    signed.load_bundle("churn", 1)
    assert signature_fault(signed.folder("churn", 1), b"", TrustedKeys()) == ""


def test_without_keys_nobody_imports_cryptography(tmp_path: Path) -> None:
    (tmp_path / "mainstay.toml").write_text("")
    code = (
        "import sys; from pathlib import Path; from mainstay.project import open_project\n"
        "from mainstay.registry import ProjectKeys\n"
        f"keys = ProjectKeys(open_project(Path({str(tmp_path)!r}))); keys.trusted(); keys.signer()\n"
        "print('cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_first_key_makes_what_was_there_unsigned(signed: Registry, keys: ProjectKeys, entry: Entry) -> None:
    signed.register(entry)
    keys.make("release", NOON)
    with pytest.raises(SignatureError, match="churn version 1 isn't signed; it is not loaded") as told:
        signed.load_bundle("churn", 1)
    assert "mainstay admin keys sign" in told.value.cure
    signed.load_bundle("churn", 1, run=False)  # a page may still look at it
    assert signed.sign("churn", 1).signer == keys.known()[0].id
    signed.load_bundle("churn", 1)


def test_signing_checks_every_byte_first(signed: Registry, keys: ProjectKeys, entry: Entry) -> None:
    signed.register(entry)
    keys.make("release", NOON)
    overwrite(signed.folder("churn", 1) / "card.md", b"better than it is")
    with pytest.raises(CorruptError, match=r"card\.md"):
        signed.sign("churn", 1)
    assert not (signed.folder("churn", 1) / SIGNATURE).exists()


def test_signing_without_a_key_says_how_to_get_one(signed: Registry, entry: Entry) -> None:
    signed.register(entry)
    with pytest.raises(SetupError, match="no key here to sign with"):
        signed.sign("churn", 1)


def test_a_key_is_rotated_without_a_gap(signed: Registry, keys: ProjectKeys, entry: Entry) -> None:
    old = keys.make("old", NOON)
    signed.register(entry)
    new = keys.make("new", NOON.replace(hour=13))
    assert signed.register(entry).signer == new.id
    for number in (1, 2):
        signed.load_bundle("churn", number)  # both are trusted
    signed.sign("churn", 1)
    keys.revoke(old, NOON)
    for number in (1, 2):
        assert signed.load_bundle("churn", number).version.signer == new.id


def test_a_revoked_key_counts_no_more_whatever_names_it(
    signed: Registry, keys: ProjectKeys, project: Project, entry: Entry
) -> None:
    key = keys.make("stolen", NOON)
    (project.root / "mainstay.toml").write_text(f'[problem]\nname = "churn"\n[serving]\nkeys = ["{key.public}"]\n')
    signed.register(entry)
    keys.revoke(key, NOON)
    with pytest.raises(SignatureError, match=f"signed by the key '{key.id}', which isn't trusted here"):
        signed.load_bundle("churn", 1)
    with pytest.raises(InputError, match="was revoked here"):
        keys.trust(key.public, "", NOON)
    with pytest.raises(SetupError, match="no key here to sign with"):
        signed.register(entry)
    assert [version.number for version in signed.versions("churn")] == [1]


def test_without_any_trusted_key_left_nothing_is_loaded(signed: Registry, keys: ProjectKeys, entry: Entry) -> None:
    signed.register(entry)  # unsigned
    keys.revoke(keys.make("one", NOON), NOON)
    with pytest.raises(SignatureError, match="isn't signed"):
        signed.load_bundle("churn", 1)


def test_a_key_of_the_project_file_is_read_anew_at_each_load(
    signed: Registry, project: Project, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = Ed25519PrivateKey.generate()
    path = project.root / "key.pem"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    path.chmod(0o600)
    monkeypatch.setenv(VARIABLE, str(path))
    signed.register(entry)
    monkeypatch.delenv(VARIABLE)
    signed.load_bundle("churn", 1)  # no key, no demand
    file = project.root / "mainstay.toml"
    text = file.read_text()
    other = "ed25519:" + base64.b64encode(bytes(32)).decode()
    file.write_text(f'{text}[serving]\nkeys = ["{other}"]\n')
    with pytest.raises(SignatureError, match="isn't trusted here"):
        signed.load_bundle("churn", 1)
    public = "ed25519:" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    file.write_text(f'{text}[serving]\nkeys = ["{other}", "{public}"]\n')
    signed.load_bundle("churn", 1)
    file.write_text(f'{text}[serving]\nkeys = ["{public[:-4]}"]\n')
    with pytest.raises(MainstayError, match="a public key"):  # a typing error is no reason to load everything
        signed.load_bundle("churn", 1)


def pasted(folder: Path, other: Path) -> None:
    shutil.copy(other / SIGNATURE, folder / SIGNATURE)


def cut(folder: Path, _: Path) -> None:
    content = (folder / SIGNATURE).read_bytes()
    overwrite(folder / SIGNATURE, content[: len(content) // 2])


def bomb(folder: Path, _: Path) -> None:
    overwrite(folder / SIGNATURE, b"[" * 3000)


def huge(folder: Path, _: Path) -> None:
    overwrite(folder / SIGNATURE, b" " * 10_000_000)


def gone(folder: Path, _: Path) -> None:
    (folder / SIGNATURE).unlink()


def pipe(folder: Path, _: Path) -> None:
    (folder / SIGNATURE).unlink()
    os.mkfifo(folder / SIGNATURE)


def link(folder: Path, other: Path) -> None:
    (folder / SIGNATURE).unlink()
    (folder / SIGNATURE).symlink_to(other / SIGNATURE)


def another_algorithm(folder: Path, _: Path) -> None:
    found = json.loads((folder / SIGNATURE).read_bytes())
    overwrite(folder / SIGNATURE, json.dumps(found | {"algorithm": "none"}).encode())


def own_key(folder: Path, _: Path) -> None:
    found = json.loads((folder / SIGNATURE).read_bytes())
    overwrite(folder / SIGNATURE, json.dumps(found | {"public": base64.b64encode(bytes(32)).decode()}).encode())


def no_bytes(folder: Path, _: Path) -> None:
    found = json.loads((folder / SIGNATURE).read_bytes())
    overwrite(folder / SIGNATURE, json.dumps(found | {"signature": ""}).encode())


def odd_name(folder: Path, _: Path) -> None:
    found = json.loads((folder / SIGNATURE).read_bytes())
    overwrite(folder / SIGNATURE, json.dumps(found | {"key": "\x1b[31m<b>" + "k" * 500}).encode())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pasted, "didn't make for it"),
        (cut, "that is none"),
        (bomb, "that is none"),
        (huge, "that is none"),
        (gone, "isn't signed"),
        (pipe, "is a link or no plain file|that is none"),
        (link, "is a link or no plain file|that is none"),
        (another_algorithm, "that is none"),
        (own_key, "that is none"),
        (no_bytes, "didn't make for it"),
        (odd_name, "isn't trusted here"),
    ],
)
def test_a_signature_that_is_none_is_refused(
    signed: Registry, keys: ProjectKeys, entry: Entry, change: object, said: str
) -> None:
    keys.make("release", NOON)
    signed.register(entry)
    signed.register(entry, NOON)
    assert callable(change)
    change(signed.folder("churn", 1), signed.folder("churn", 2))
    with pytest.raises(MainstayError, match=said) as told:
        signed.load_bundle("churn", 1)
    assert "\x1b" not in str(told.value)
    assert len(str(told.value)) < 400
    signed.load_bundle("churn", 2)


def test_whoever_holds_store_and_database_still_has_no_key(
    signed: Registry, keys: ProjectKeys, state: State, entry: Entry
) -> None:
    keys.make("release", NOON)
    signed.register(entry)
    folder = signed.folder("churn", 1)
    policy = (folder / "policy.json").read_bytes().replace(b"0.17", b"0.99")
    overwrite(folder / "policy.json", policy)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for file in manifest["files"]:
        if file["path"] == "policy.json":
            file.update(sha256=hashlib.sha256(policy).hexdigest(), size=len(policy))
    content = json.dumps(manifest).encode()
    overwrite(folder / "manifest.json", content)
    with state.begin() as connection:
        connection.exec_driver_sql("UPDATE versions SET digest = ?", (hashlib.sha256(content).hexdigest(),))
    with pytest.raises(SignatureError, match="didn't make for it"):
        signed.load_bundle("churn", 1)


def test_private_keys_are_for_their_user_alone(keys: ProjectKeys) -> None:
    before = os.umask(0)
    try:
        key = keys.make("release", NOON)
    finally:
        os.umask(before)
    assert stat.S_IMODE((keys.folder / f"{key.id}.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    (keys.folder / f"{key.id}.pem").chmod(0o644)
    with pytest.raises(SetupError, match="Everybody on this machine may use"):
        keys.signer()


def test_what_is_no_key_is_never_to_be_closed(
    keys: ProjectKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "passwd"
    text.write_text("root:x:0:0\n")
    for place in (text, tmp_path):
        place.chmod(0o755)
        monkeypatch.setenv("MAINSTAY_SIGNING_KEY", str(place))
        with pytest.raises(SetupError, match="holds no private key that can be read") as told:
            keys.signer()
        assert "chmod" not in told.value.cure


def test_the_files_are_those_of_openssh_and_pem(keys: ProjectKeys, tmp_path: Path) -> None:
    key = keys.make("release\n key", NOON)
    assert (keys.folder / f"{key.id}.pem").read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    line = (keys.folder / f"{key.id}.pub").read_text()
    assert line.startswith("ssh-ed25519 AAAA")
    assert line.endswith(" release key 2026-11-22T12:00:00.000000Z\n")
    other = ProjectKeys(open_project(_project(tmp_path / "other")))
    for form in (line, key.public, str(keys.folder / f"{key.id}.pub")):
        trusted = other.trust(form, "", NOON)
        assert (trusted.id, trusted.signs) == (key.id, False)
    assert other.known()[0].name == "release key"
    signer = keys.signer()
    assert signer is not None
    pem = signer.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert other.trust(pem.decode(), "", NOON).id == key.id


def _project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "mainstay.toml").write_text("")
    return folder


@pytest.mark.parametrize(
    "text", ["ed25519:AAAA", "ed25519:????", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3Nza", "-----BEGIN X"]
)
def test_what_is_no_public_key_is_said_to_be_none(keys: ProjectKeys, text: str) -> None:
    with pytest.raises(InputError, match=r"is no public key of Ed25519\. Give"):
        keys.trust(text, "", NOON)
    with pytest.raises(NotFoundError, match="There is no nowhere"):
        keys.trust("nowhere", "", NOON)


def test_private_keys_that_cant_be_used_are_told(
    keys: ProjectKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(SetupError, match="can't be read: No such file"):
        keys.signer()
    locked = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")
    )
    rsa = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content, said in ((locked, "passphrase"), (rsa, "isn't one of Ed25519"), (b"x", "no private key"), (b"", "no")):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(SetupError, match=said):
            keys.signer()


def test_keys_are_found_by_the_first_digits(keys: ProjectKeys) -> None:
    made: Known = keys.make("release", NOON)
    assert keys.one(made.id[:5]).id == made.id
    with pytest.raises(NotFoundError, match="No keys here have an id that begins with 'zz'"):
        keys.one("zz")
