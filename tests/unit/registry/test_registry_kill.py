"""kill -9 at every step of registering: afterwards the registry is either before or after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mainstay.registry import Registry
from mainstay.registry.store import FileStore
from mainstay.state import open_state

# Every file operation of the interpreter is announced to an audit hook: that is where the child dies. It is forked from
# a process that has everything imported, so that a step costs milliseconds.
KILL = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from conftest import an_entry
from mainstay.registry import Registry
from mainstay.registry.store import FileStore
from mainstay.state import open_state

home, stride = Path(sys.argv[1]), int(sys.argv[3])
entry = an_entry()
TOUCHING = ("open", "os.", "shutil.", "sqlite3.", "fcntl.")

def child(last):
    seen = 0
    def step(event, args):
        nonlocal seen
        if event.startswith(TOUCHING):
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)
    registry = Registry(open_state(home), FileStore(home / "store"))
    sys.addaudithook(step)
    registry.register(entry)
    os._exit(0)

last, killed = 1, 0
while True:
    before = open_state(home)
    count = len(Registry(before, FileStore(home / "store")).versions("churn"))
    before.close()
    pid = os.fork()
    if pid == 0:
        child(last)
    _, status = os.waitpid(pid, 0)
    state = open_state(home)
    registry = Registry(state, FileStore(home / "store"))
    versions = registry.versions("churn")
    assert len(versions) in (count, count + 1), (last, len(versions), count)
    for version in versions[-2:]:
        registry.load_bundle("churn", version.number)
    assert state.damages() == (), last
    state.close()
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        break
    killed += 1
    last += stride
print(killed)
"""


@pytest.mark.parametrize("stride", [pytest.param(1, marks=pytest.mark.full), 17])
def test_a_kill_at_any_step_leaves_before_or_after_and_no_litter(tmp_path: Path, stride: int) -> None:
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", KILL, str(tmp_path), here, str(stride)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert int(done.stdout) >= 100 // stride
    registry = Registry(open_state(tmp_path), FileStore(tmp_path / "store"))
    assert registry.versions("churn")
    # The last registration was not killed, and swept what the killed ones had left.
    assert not list((tmp_path / "store" / "churn").glob(".tmp-*"))
