"""Bundles in an object store on loopback; between it and us a proxy that does what goes wrong in a network."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.faulty import FaultyProxy

from mainstay.errors import CorruptError, InputError, MainstayError, NotFoundError, SetupError, StoreError
from mainstay.registry import Entry, Registry
from mainstay.registry.store import S3Store, objects, open_store
from mainstay.state import State, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.registry.store import FileStore

pytest.importorskip("obstore")


@pytest.fixture
def proxy(bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    del bucket
    with FaultyProxy(os.environ["AWS_ENDPOINT_URL"]) as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.address)
        yield between


@pytest.fixture
def here(bucket: str, state: State, tmp_path: Path) -> Registry:
    """The machine that trains."""
    return Registry(state, S3Store(f"{bucket}/models", tmp_path / "here"))


@pytest.fixture
def there(bucket: str, state: State, tmp_path: Path) -> Registry:
    """A machine that serves: the same books, the same object store, and no copy yet."""
    return Registry(state, S3Store(f"{bucket}/models", tmp_path / "there"))


def anew(registry: Registry) -> Registry:
    """Open the same store again, as a process does that was told of it by its environment."""
    said = registry.store.environment
    return Registry(registry._state, open_store(said["MAINSTAY_STORE"], Path(said["MAINSTAY_CACHE"])))


def lies_at(address: str) -> list[str]:
    bucket, _, below = address.removeprefix("s3://").partition("/")
    return sorted(one.name for one in objects.Objects(f"s3://{bucket}").list(below))


def told(registry: Registry, fault: str, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch, where: str = "") -> str:
    """Load version 1 while something goes wrong; nothing is left of it then."""
    proxy.fault, proxy.where = fault, where
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
    begun = time.monotonic()
    with pytest.raises(MainstayError) as raised:
        registry.load_bundle("churn", 1)
    assert time.monotonic() - begun < 12.0  # alone on a machine it is below 5; see `test_a_store_that_is_down...`
    assert isinstance(raised.value, StoreError)
    store = registry.store
    assert isinstance(store, S3Store)
    assert list((store.cache / "churn").iterdir()) == []
    return str(raised.value)


def test_a_version_goes_round_by_the_object_store(here: Registry, there: Registry, entry: Entry, bucket: str) -> None:
    assert [here.register(entry).number, here.register(entry).number] == [1, 2]
    assert {"1/manifest.json", "1/model/model.json", "2/golden.json", ".claims/1"} <= set(
        lies_at(f"{bucket}/models/churn")
    )
    bundle = there.load_bundle("churn", 2)
    assert (bundle.golden, bundle.contract, bundle.lineage) == (entry.golden, entry.contract, entry.lineage)
    assert {path.stat().st_mode & 0o777 for path in bundle.folder.rglob("*") if path.is_file()} == {0o400}
    assert there.load_contract("churn", 1) == entry.contract
    assert there.store.numbers("churn") == (1, 2)
    assert there.store.numbers("nobody") == ()


def test_a_copy_needs_no_network(
    here: Registry, there: Registry, entry: Entry, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.register(entry)
    there.load_bundle("churn", 1)
    asked = len(proxy.asked)
    there.load_bundle("churn", 1)
    assert len(proxy.asked) == asked
    proxy.fault = "refused"
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
    again = anew(there)
    assert again.load_bundle("churn", 1).golden == entry.golden


def test_a_copy_that_was_damaged_is_brought_anew(here: Registry, there: Registry, entry: Entry) -> None:
    here.register(entry)
    folder = there.folder("churn", 1)
    (folder / "golden.json").chmod(0o600)
    (folder / "golden.json").write_bytes(b"[]")
    assert there.load_bundle("churn", 1).golden == entry.golden
    assert there.store.drop("churn", 1)
    assert not folder.exists()
    assert there.load_bundle("churn", 1).golden == entry.golden


@pytest.mark.parametrize(
    ("fault", "where", "sentence"),
    [
        ("refused", "", "can't be reached. Check AWS_ENDPOINT_URL"),
        ("slow", "", "doesn't answer in time"),
        pytest.param("slow", "golden.json", "doesn't answer in time", marks=pytest.mark.full),
        ("half", "golden.json", "broke off in the middle of an answer"),
        ("wrong", "golden.json", "The file 'golden.json' of churn version 1 in s3://"),
        ("wrong", "manifest.json", "manifest.json of churn version 1 in s3://"),
        ("missing", "golden.json", "lacks its file 'golden.json'"),
        ("missing", "manifest.json", "has no manifest.json"),
        ("forbid", "", "refuses this key. Check AWS_ACCESS_KEY_ID"),
        ("lost", "golden.json", "broke off"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_leaves_nothing(  # noqa: PLR0917 - fixtures
    here: Registry,
    there: Registry,
    entry: Entry,
    proxy: FaultyProxy,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    where: str,
    sentence: str,
) -> None:
    here.register(entry)
    said = told(there, fault, proxy, monkeypatch, where)
    assert sentence in said
    assert "quite-secret" not in said
    assert "Debug" not in said
    proxy.fault = ""
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
    fresh = anew(there)
    assert fresh.load_bundle("churn", 1).golden == entry.golden


def test_an_object_too_many_is_not_brought(here: Registry, there: Registry, entry: Entry) -> None:
    here.register(entry)
    store = here.store
    assert isinstance(store, S3Store)
    store.objects.create("churn/1/more.py", b"print('hello')")
    assert not (there.load_bundle("churn", 1).folder / "more.py").exists()


def test_large_files_go_in_pieces(
    here: Registry, there: Registry, entry: Entry, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = b"0123456789" * 600_000
    here.register(entry)
    store = here.store
    assert isinstance(store, S3Store)
    with store.stage("churn") as draft:
        (draft.folder / "big").write_bytes(large)
        monkeypatch.setattr(objects, "CHUNK", 5 << 20)
        store.objects.send("churn/9/big", draft.folder / "big")
        with pytest.raises(StoreError, match="is there already"):
            store.objects.send("churn/9/big", draft.folder / "big")
    assert any("uploadId" in one for one in proxy.asked)
    assert b"".join(store.objects.pieces("churn/9/big", 6_000_000)) == large
    monkeypatch.setattr(objects, "CHUNK", 1000)
    assert there.load_bundle("churn", 1).golden == entry.golden


def test_a_bundle_that_has_no_room_is_refused_before_it_is_asked_for(
    here: Registry, there: Registry, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.register(entry)
    free = type("Usage", (), {"free": 10})
    monkeypatch.setattr("mainstay.registry.store.fetching.shutil.disk_usage", lambda _: free)
    with pytest.raises(StoreError, match=r"needs 0 MB, and .* has room for 0 MB\. Make room"):
        there.load_bundle("churn", 1)


@pytest.mark.parametrize("fault", ["refused", "forbid", pytest.param("slow", marks=pytest.mark.full)])
def test_a_store_that_takes_nothing_registers_nothing(  # noqa: PLR0917 - fixtures
    here: Registry, entry: Entry, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch, fault: str, tmp_path: Path
) -> None:
    proxy.fault = fault
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
    with pytest.raises(StoreError, match=r"The object store s3://"):
        here.register(entry)
    assert here.versions("churn") == ()
    assert list((tmp_path / "here" / "churn").iterdir()) == []


def test_an_upload_that_is_cut_off_leaves_nothing_and_the_next_one_goes_on(
    here: Registry, there: Registry, entry: Entry, proxy: FaultyProxy, bucket: str
) -> None:
    proxy.fault, proxy.where = "forbid", "golden.json"
    with pytest.raises(StoreError, match="refuses this key"):
        here.register(entry)
    assert here.versions("churn") == ()
    assert lies_at(f"{bucket}/models/churn") == [".claims/1"]
    proxy.fault = ""
    assert here.register(entry).number == 2
    assert there.load_bundle("churn", 2).golden == entry.golden


def test_an_answer_that_is_lost_does_no_harm(here: Registry, there: Registry, entry: Entry, proxy: FaultyProxy) -> None:
    """The store did what was asked, and its answer never came: asked again, it says that something is there."""
    proxy.fault, proxy.where = "lost", "golden.json"
    with pytest.raises(StoreError, match="The object store"):
        here.register(entry)
    proxy.fault = ""
    number = here.register(entry).number
    assert there.load_bundle("churn", number).golden == entry.golden


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from conftest import an_entry
from mainstay.registry import Registry
from mainstay.registry.store import S3Store
from mainstay.registry.store.s3 import S3Draft
from mainstay.registry.store.objects import Objects
from mainstay.state import open_state
home, address, last = Path(sys.argv[1]), sys.argv[2], sys.argv[4]
send = Objects.send
def until(self, path, file):
    if path.endswith(last):
        os.kill(os.getpid(), signal.SIGKILL)
    send(self, path, file)
Objects.send = until
if last == "settle":
    S3Draft.settle = lambda self: os.kill(os.getpid(), signal.SIGKILL)
registry = Registry(open_state(home), S3Store(address, home / "cache"))
print(*(registry.register(an_entry()).number for _ in range(3)))
"""


def child(tmp_path: Path, bucket: str, last: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-c",
        KILLED,
        str(tmp_path / "books"),
        f"{bucket}/models",
        str(Path(__file__).parent),
        last,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("last", ["golden.json", "manifest.json", "settle"])
def test_an_upload_that_is_killed_leaves_nothing_that_looks_like_a_version(
    tmp_path: Path, bucket: str, entry: Entry, last: str
) -> None:
    with child(tmp_path, bucket, last) as writer:
        writer.communicate(timeout=60)
    assert writer.returncode == -9
    registry = Registry(open_state(tmp_path / "books"), S3Store(f"{bucket}/models", tmp_path / "books" / "cache"))
    assert registry.versions("churn") == ()
    lying = registry.store.look("churn", 1)
    assert lying is not None
    assert lying.whole == (last == "settle")  # then only its row is missing: nobody sees it either
    with pytest.raises(NotFoundError):
        registry.load_bundle("churn", 1)
    assert registry.register(entry).number == 2  # what is there isn't overwritten, and its number isn't given again
    assert registry.load_bundle("churn", 2).golden == entry.golden
    assert not list((tmp_path / "books" / "cache" / "churn").glob(".tmp-*"))


def test_two_writers_at_once_get_different_numbers(tmp_path: Path, bucket: str) -> None:
    writers = [child(tmp_path, bucket, "nothing") for _ in range(2)]
    done = [writer.communicate(timeout=120) for writer in writers]
    assert [err for _, err in done] == ["", ""]
    numbers = sorted(int(number) for out, _ in done for number in out.split())
    assert len(set(numbers)) == 6
    registry = Registry(open_state(tmp_path / "books"), S3Store(f"{bucket}/models", tmp_path / "second"))
    assert [version.number for version in registry.versions("churn")] == numbers
    for number in numbers:
        registry.load_bundle("churn", number)


def test_removing_is_for_good_and_its_number_stays_taken(here: Registry, there: Registry, entry: Entry) -> None:
    here.register(entry)
    there.load_bundle("churn", 1)
    assert [copy.number for copy in there.store.copies("churn")] == [1]
    there.store.remove("churn", 1)
    there.store.remove("churn", 1)
    assert there.store.look("churn", 1) is None
    assert there.store.copies("churn") == ()
    with pytest.raises(CorruptError, match=r"has no manifest\.json"):
        there.load_bundle("churn", 1)
    assert here.register(entry).number == 2


def test_what_is_attached_later_comes_along(here: Registry, there: Registry, entry: Entry) -> None:
    here.register(entry)
    here.store.attach("churn", 1, "signature.json", b"one")
    here.store.attach("churn", 1, "signature.json", b"two")
    assert (there.folder("churn", 1) / "signature.json").read_bytes() == b"two"


def test_attaching_replaces_a_file_of_this_machine(registry: Registry, store: FileStore, entry: Entry) -> None:
    registry.register(entry)
    store.attach("churn", 1, "signature.json", b"one")
    store.attach("churn", 1, "signature.json", b"two")
    assert (registry.folder("churn", 1) / "signature.json").read_bytes() == b"two"


@pytest.mark.parametrize(
    "address", ["s3://", "s3://key:quite-secret@bucket/x", "s3://bucket/x?versionId=3", "gs://bucket/x"]
)
def test_an_address_that_can_not_be_meant_is_told(address: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError) as raised:
        open_store(address, tmp_path)
    assert "quite-secret" not in str(raised.value)
    assert "s3://bucket/prefix" in str(raised.value)


def test_a_bucket_that_is_not_there_is_told(bucket: str, state: State, entry: Entry, tmp_path: Path) -> None:
    del bucket
    registry = Registry(state, S3Store("s3://nobody-made-this", tmp_path))
    with pytest.raises(StoreError, match="There is no bucket at s3://nobody-made-this"):
        registry.register(entry)


def test_a_machine_without_the_library_is_told_what_to_install(
    state: State, entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("obstore", "obstore.store", "obstore.exceptions"):
        monkeypatch.setitem(sys.modules, module, None)
    registry = Registry(state, S3Store("s3://bucket", tmp_path))
    with pytest.raises(SetupError, match=r"needs obstore, which isn't here\. pip install 'mainstay\[s3\]'"):
        registry.register(entry)


def test_a_name_is_never_a_path_in_a_bucket_either(here: Registry, entry: Entry) -> None:
    with pytest.raises(InputError, match="can't be a model's name"):
        here.register(replace(entry, name="../x"))
