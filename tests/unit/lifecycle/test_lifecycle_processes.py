from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import SetupError
from mainstay.lifecycle.processes import Children, demand_free, free_port, wait_until_ready
from mainstay.serving.testing import TINY_MODEL, register_model, release_now, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
# Starts a process of its own, writes both numbers down, and takes no notice of being asked to end.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open(sys.argv[1] + ".half", "w") as file: file.write(f"{os.getpid()} {inner.pid}")
os.rename(sys.argv[1] + ".half", sys.argv[1])
time.sleep(60)
"""


def alive(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat", encoding="utf-8") as file:  # noqa: PTH123 - /proc is no path of ours
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(path: Path, seconds: float = 10) -> list[int]:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    return [int(word) for word in path.read_text(encoding="utf-8").split()]


def all_gone(numbers: list[int], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while any(map(alive, numbers)) and time.monotonic() < end:
        time.sleep(0.01)
    return not any(map(alive, numbers))


def test_stop_leaves_no_process_behind_however_stubborn(tmp_path: Path) -> None:
    children = Children()
    children.start("stubborn", [sys.executable, "-c", STUBBORN, str(tmp_path / "pids")])
    polite = children.start("polite", ["sleep", "60"])
    numbers = [*until(tmp_path / "pids"), polite.pid]
    assert all(map(alive, numbers))
    children.stop(grace=0.3)
    assert all_gone(numbers)
    assert polite.returncode == -signal.SIGTERM
    assert children.running == {}


def test_a_failure_inside_the_block_ends_the_children(tmp_path: Path) -> None:
    numbers = []

    def fail() -> None:
        with Children() as children:
            numbers.append(children.start("one", ["sleep", "60"], tmp_path / "log").pid)
            raise SetupError("no")

    with pytest.raises(SetupError):
        fail()
    assert all_gone(numbers)


def test_the_signal_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    with Children():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_still_starting_ends_the_children(tmp_path: Path, number: signal.Signals) -> None:
    script = (
        "import os, sys, time; from pathlib import Path\n"
        "from mainstay.lifecycle.processes import Children\n"
        "with Children() as children:\n"
        "    child = children.start('a', ['sleep', '60'])\n"
        "    Path(sys.argv[1] + '.half').write_text(str(child.pid)); os.rename(sys.argv[1] + '.half', sys.argv[1])\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "pid")], stderr=subprocess.DEVNULL)
    numbers = until(tmp_path / "pid")
    parent.send_signal(number)
    assert parent.wait(15) != 0
    assert all_gone(numbers)


def test_our_own_processes_end_when_whoever_started_them_is_killed(tmp_path: Path) -> None:
    project = tiny_project(tmp_path)
    release_now(project, register_model(project, TINY_MODEL))
    script = (
        "import os, sys, time; from pathlib import Path\n"
        "from mainstay.lifecycle.processes import Children, free_port\n"
        "from mainstay.lifecycle.start import start\n"
        "port = free_port('127.0.0.1', int(sys.argv[2]))\n"
        "with Children() as children:\n"
        "    start(children, Path(sys.argv[3]), host='127.0.0.1', port=port, every=60, log=Path(sys.argv[4]))\n"
        "    Path(sys.argv[1] + '.half').write_text(' '.join(str(c.pid) for c in children.running.values()))\n"
        "    os.rename(sys.argv[1] + '.half', sys.argv[1])\n"
        "    time.sleep(60)\n"
    )
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-c", script, str(tmp_path / "pids"), str(port), str(project.root), str(tmp_path / "log")]
    parent = subprocess.Popen(words)
    numbers = until(tmp_path / "pids", 60)
    assert len(numbers) == 3
    assert all(map(alive, numbers))
    parent.kill()
    parent.wait()
    assert all_gone(numbers, 20)


def test_dead_names_the_one_that_ended_by_itself() -> None:
    with Children() as children:
        children.start("pause", ["sleep", "60"])
        assert children.dead() is None
        children.start("short", ["true"]).wait(5)
        assert children.dead() == "short"
        assert children.wait() == "short"


def test_wait_ends_at_a_signal() -> None:
    with Children() as children:
        children.start("pause", ["sleep", "60"])
        sender = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -TERM {os.getpid()}"])
        assert children.wait() is None
        sender.wait()


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Children() as children:
        children.start("one", ["sh", "-c", "echo out; echo err >&2"], log).wait(5)
    assert sorted(log.read_text(encoding="utf-8").split()) == ["err", "out"]


def test_a_taken_port_is_refused_by_number() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=rf"Port {port} on 127\.0\.0\.1 can't be used: .*--port N"):
            demand_free(HOST, port)
        found = free_port(HOST, port)
        assert found > port
    demand_free(HOST, port)


def test_the_dashboards_port_must_be_free_as_well() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(HOST, port - 1) not in {port - 1, port}


def test_ports_end_somewhere() -> None:
    with pytest.raises(SetupError, match="65535"):
        demand_free(HOST, 65536)
    with pytest.raises(SetupError, match="No two free ports"):
        free_port(HOST, 65536)


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(SetupError, match=r"192\.0\.2\.1"):
        demand_free("192.0.2.1", 8000)


def test_waiting_ends_when_the_process_does() -> None:
    with Children() as children:
        child = children.start("short", ["sh", "-c", "exit 3"])
        with pytest.raises(SetupError, match="code 3"):
            wait_until_ready(HOST, 9, "/livez", child)


def test_waiting_takes_no_stranger_for_an_answer() -> None:
    with socket.socket() as stranger, Children() as children:
        stranger.bind((HOST, 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        speaker = (
            "import socket, sys\n"
            "taken = socket.socket(fileno=int(sys.argv[1]))\n"
            "while True:\n"
            "    link = taken.accept()[0]; link.recv(1000); link.sendall(b'SSH-2.0-hello\\r\\n'); link.close()\n"
        )
        os.set_inheritable(stranger.fileno(), True)  # noqa: FBT003 - its only argument
        child = subprocess.Popen([sys.executable, "-c", speaker, str(stranger.fileno())], close_fds=False)
        children.running["speaker"] = child
        with pytest.raises(SetupError, match="Nothing answered"):
            wait_until_ready(HOST, port, "/livez", child, seconds=0.5)
        child.kill()
