"""Checking a table and a record, side by side with pandera, Great Expectations, pydantic and msgspec.

    python benchmarks/contract_peers.py [ROUNDS]

The peers are installed into an environment of their own, `.peers/contract` of the repository. Every case runs in a
process of its own, in turns; figures are medians over the rounds. A case that doesn't find exactly the planted rows
stops the benchmark.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = HERE / "contract"
PEERS = HERE.parent / ".peers" / "contract"
REQUIREMENTS = ("pandera[polars]>=0.35", "great_expectations>=1.24", "pydantic>=2.14", "msgspec>=0.22", "pyarrow>=26")
NAMES = {
    "mainstay": "mainstay",
    "pandera": "pandera (Polars)",
    "great_expectations": "Great Expectations",
    "pydantic": "pydantic",
    "msgspec": "msgspec alone",
}
TABLES = ("mainstay", "pandera", "great_expectations", "pydantic")
RECORDS = ("mainstay", "pydantic", "msgspec")
Figures = dict[str, float]

sys.path.insert(0, str(CASES))
import shape  # noqa: E402 - the cases' own description of the work


def main(rounds: int) -> None:
    peers = make_peers()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.parquet"
        subprocess.run([sys.executable, str(CASES / "write_table.py"), str(table)], check=True)
        run("table_mainstay", Path(sys.executable), str(table))  # the file is read once before anybody is timed
        tables = in_turns("table", TABLES, peers, rounds, str(table))
    records = in_turns("record", RECORDS, peers, max(rounds, 3))
    for figures in tables.values():
        require_the_planted(figures)
    lines = [*table_lines(tables), "", *record_lines(records), "", *bar_lines(tables, records), "", versions(peers)]
    print("\n".join(lines))
    raw = {"rounds": rounds, "tables": tables, "records": records}
    slim = json.dumps(raw, indent=1, default=str)
    (HERE / "results" / "contract_peers.json").write_text(slim + "\n", encoding="utf-8")


def make_peers() -> Path:
    """Make the environment of the peers, or find it made of the same requirements; give its interpreter."""
    stamp, made = PEERS / ".made", hashlib.sha256(repr((sys.version_info[:2], REQUIREMENTS)).encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != made:
        shutil.rmtree(PEERS, ignore_errors=True)
        venv.create(PEERS, with_pip=True)
        pip = [str(PEERS / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, *REQUIREMENTS], check=True)
        stamp.write_text(made, encoding="utf-8")
    return PEERS / "bin" / "python"


def in_turns(kind: str, cases: tuple[str, ...], peers: Path, rounds: int, *arguments: str) -> dict[str, list[dict]]:
    """Run every case once per round, one after the other."""
    found: dict[str, list[dict]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            python = Path(sys.executable) if case == "mainstay" else peers
            found[case].append(run(f"{kind}_{case}", python, *arguments))
    return found


def run(case: str, python: Path, *arguments: str) -> dict:
    """Run one case in a process of its own; give what it printed and what the whole process cost."""
    start = time.perf_counter()
    command = [str(python), "-W", "ignore", str(CASES / f"{case}.py"), *arguments]
    quiet = {**os.environ, "GX_ANALYTICS_ENABLED": "false"}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=quiet)
    assert child.stdout
    assert child.stderr
    said = child.stdout.read()
    complained = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{case} failed:\n{complained.decode()[-4000:]}")
    whole = {
        "process_cpu": usage.ru_utime + usage.ru_stime,
        "process_wall": time.perf_counter() - start,
        "peak_mb": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6,
    }
    return {**json.loads(said), **whole}


def require_the_planted(rounds: list[dict]) -> None:
    """Hold what a case found against what was planted; the first of two equal ids may be named with the second."""
    planted = shape.planted()
    places = {place for each in planted.values() for place in each}
    firsts = {place - 1 for place in planted[shape.ID, "repeated"]}
    families = {"above": "range", "below": "range"}
    expected = {f"{name} {families.get(rule, rule)}": shape.PER_RULE for name, rule in planted}
    both = {**expected, f"{shape.ID} repeated": 2 * shape.PER_RULE}
    for figures in rounds:
        found, counts = set(figures.pop("places")), figures.pop("counts")
        figures["names_both"] = found == places | firsts
        assert (found, counts) in ((places, expected), (places | firsts, both)), counts
        assert figures["kept"] == len(found)


def median(rounds: list[dict], key: str) -> float:
    return statistics.median(figures[key] for figures in rounds)


def table_lines(tables: dict[str, list[dict]]) -> list[str]:
    head = f"## A table: {shape.ROWS} rows, {len(shape.NAMES)} columns, from Parquet"
    lines = [head, "", "Every case counted the planted failing rows per rule and has them in the hand.", ""]
    lines.append("| | CPU s, whole process | CPU s, read and check | wall s | peak MB | CPU, times mainstay | names |")
    lines.append("|---|--:|--:|--:|--:|--:|---|")
    ours = median(tables["mainstay"], "process_cpu")
    for case, rounds in tables.items():
        cpu, names = (
            median(rounds, "process_cpu"),
            "both of a pair" if rounds[0]["names_both"] else "the later of a pair",
        )
        lines.append(
            f"| {NAMES[case]} | {cpu:.2f} | {median(rounds, 'cpu'):.2f} | {median(rounds, 'process_wall'):.2f} | "
            f"{median(rounds, 'peak_mb'):.0f} | {cpu / ours:.1f} | {names} |"
        )
    return lines


def record_lines(records: dict[str, list[dict]]) -> list[str]:
    lines = [f"## One record of {len(shape.record())} fields, JSON", ""]
    lines.append("| microseconds | decoded and checked | encoded row included | a bad one refused | times mainstay |")
    lines.append("|---|--:|--:|--:|--:|")
    ours = median(records["mainstay"], "checked")
    for case, rounds in records.items():
        checked, encoded, rejected = (median(rounds, key) for key in ("checked", "encoded", "rejected"))
        lines.append(f"| {NAMES[case]} | {checked:.2f} | {encoded:.2f} | {rejected:.2f} | {checked / ours:.1f} |")
    return lines


def bar_lines(tables: dict[str, list[dict]], records: dict[str, list[dict]]) -> list[str]:
    cpu = {case: median(rounds, "process_cpu") for case, rounds in tables.items()}
    ours = {key: median(records["mainstay"], key) for key in ("checked", "encoded", "rejected")}
    bars = [
        ("CPU s of the table, whole process", cpu["mainstay"], 1.0),
        ("peak MB of the table", median(tables["mainstay"], "peak_mb"), 600),
        ("share of pandera's CPU", cpu["mainstay"] / cpu["pandera"], 1.0),
        ("share of Great Expectations' CPU", cpu["mainstay"] / cpu["great_expectations"], 1 / 6),
        ("microseconds: decoded and checked", ours["checked"], 1.5),
        ("microseconds: encoded row included", ours["encoded"], 3.0),
        ("microseconds: a bad one refused", ours["rejected"], 3.0),
    ]
    lines = ["## The bars", "", "| | found | at most | |", "|---|--:|--:|---|"]
    lines += [
        f"| {name} | {found:.3g} | {most:.3g} | {'kept' if found <= most else '**missed**'} |"
        for name, found, most in bars
    ]
    return lines


def versions(peers: Path) -> str:
    ask = "import importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in {names!r}))"
    asked = {
        sys.executable: ("polars", "msgspec"),
        str(peers): ("pandera", "polars", "great_expectations", "pandas", "pydantic", "msgspec"),
    }
    told = [
        subprocess.run(
            [python, "-c", ask.replace("{names!r}", repr(names))], check=True, capture_output=True, text=True
        ).stdout.strip()
        for python, names in asked.items()
    ]
    return f"mainstay with {told[0]}; peers: {told[1]}."


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
