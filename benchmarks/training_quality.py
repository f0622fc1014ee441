"""Training side by side: a stock linear model, default LightGBM, mainstay's default, Optuna, FLAML, AutoGluon.

    python benchmarks/training_quality.py [--quick] [--only TABLE] [--seconds 60] [--autogluon]

Five splits 75/25 (bike-sharing: one in order of time, 80/20); searches get split 0 alone. Every fit runs in a process
of its own. FLAML and AutoGluon are installed into environments of their own, `.peers/flaml` and `.peers/autogluon`.
What is done is kept in `results/training_quality.json` and not done again; remove a table there to repeat it. `--quick`
is split 0 of every table.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
CASES = HERE / "training"
PEERS = HERE.parent / ".peers"
RESULTS = HERE / "results" / "training_quality.json"
REQUIREMENTS = {
    "flaml": ("flaml[automl]>=2.3", "lightgbm>=4.5", "xgboost>=2", "pandas>=2", "scikit-learn>=1.5"),
    "autogluon": ("autogluon.tabular[lightgbm,xgboost,catboost]>=1.2",),
}
NAMES = {
    "linear": "linear (stock)",
    "lightgbm_default": "LightGBM (default)",
    "mainstay": "mainstay (default)",
    "optuna": "Optuna + LightGBM",
    "flaml": "FLAML",
    "autogluon": "AutoGluon",
}
SEARCHES = ("optuna", "flaml", "autogluon")
Figures = dict[str, Any]

sys.path.insert(0, str(CASES))
import tables  # noqa: E402 - the benchmark's own tables


def main(asked: argparse.Namespace) -> None:
    peers = {name: make_peer(name) for name in ("flaml", *(("autogluon",) if asked.autogluon else ()))}
    done: dict[str, Figures] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    for name in [asked.only] if asked.only else list(tables.TABLES):
        for split in range(1 if asked.quick else tables.TABLES[name].splits):
            one = done.setdefault(name, {}).setdefault(str(split), {})
            run_split(name, split, one, peers, asked.seconds)
            RESULTS.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
    print("\n".join([*loss_lines(done), "", *detail_lines(done), "", *bar_lines(done)]))


def run_split(name: str, split: int, one: Figures, peers: dict[str, Path | None], seconds: float) -> None:
    wanted = [
        "linear",
        "lightgbm_default",
        *((search for search in SEARCHES if search in (*peers, "optuna")) if not split else ()),
    ]
    if "mainstay" in one and all(key in one for key in wanted):
        return
    with tempfile.TemporaryDirectory() as folder:
        arrays = str(Path(folder) / "arrays.npz")
        ours = call(sys.executable, "fit_mainstay.py", name, str(split), folder)
        one.setdefault("mainstay", ours)
        for key in wanted:
            if key in one:
                continue
            python = peers.get(key) if key in peers else Path(sys.executable)
            if python is None:
                print(f"NOT RUN: {NAMES[key]} on {name}: its environment can't be made", file=sys.stderr)
                continue
            one[key] = call(str(python), "fit.py", key, arrays, str(seconds))
        one["errors"] = paired(Path(folder))
    print(
        f"{name} split {split}: " + ", ".join(f"{key} {one[key]['loss']:.5g}" for key in NAMES if key in one),
        file=sys.stderr,
    )


def call(python: str, script: str, *words: str) -> Figures:
    done = subprocess.run(
        [python, str(CASES / script), *words], capture_output=True, text=True, check=False, env=os.environ
    )
    if done.returncode:
        raise SystemExit(f"{script} {' '.join(words)} failed:\n{done.stderr[-3000:]}")
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def paired(folder: Path) -> dict[str, float]:
    """Give by how many paired standard errors mainstay is ahead of the two baselines on the held-out rows."""
    arrays = np.load(folder / "arrays.npz")
    y, regression = arrays["y_test"], str(arrays["kind"]) == "regression"

    def losses(key: str) -> np.ndarray:
        scores = np.load(folder / f"arrays.{key}.npy")
        if regression:
            return np.asarray((y - scores) ** 2)
        return np.asarray(-np.log(np.clip(np.where(y > 0.5, scores, 1 - scores), 1e-12, 1)))

    found = {}
    for key in ("linear", "lightgbm_default"):
        if (folder / f"arrays.{key}.npy").is_file():
            gap = losses(key) - losses("mainstay")
            found[key] = float(gap.mean() / max(gap.std(ddof=1) / np.sqrt(gap.size), 1e-12))
    return found


def make_peer(name: str) -> Path | None:
    """Make a peer's environment, or find it made; None, said aloud, where it can't be had."""
    folder = PEERS / name
    stamp, made = (
        folder / ".made",
        hashlib.sha256(repr((sys.version_info[:2], REQUIREMENTS[name])).encode()).hexdigest(),
    )
    try:
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != made:
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
            subprocess.run([*pip, *REQUIREMENTS[name]], check=True, timeout=1800)
            stamp.write_text(made, encoding="utf-8")
    except (OSError, subprocess.SubprocessError) as error:
        print(f"NOT RUN: {NAMES[name]}: its environment can't be made ({error})", file=sys.stderr)
        return None
    return folder / "bin" / "python"


def mean(done: dict[str, Figures], name: str, key: str, figure: str) -> float | None:
    found = [one[key][figure] for one in done[name].values() if key in one and figure in one[key]]
    return float(np.mean(found)) if found else None


def show(value: float | None, digits: int = 4) -> str:
    return "" if value is None else f"{value:,.0f}".replace(",", " ") if value >= 1000 else f"{value:.{digits}g}"


def loss_lines(done: dict[str, Figures]) -> list[str]:
    head = "| Split 0: log loss or RMSE | " + " | ".join(NAMES.values()) + " |"
    rows = []
    for name, splits in done.items():
        one = splits.get("0", {})
        rows.append(f"| {name} | " + " | ".join(show(one.get(key, {}).get("loss")) for key in NAMES) + " |")
    return [head, "|---" * (len(NAMES) + 1) + "|", *rows]


def detail_lines(done: dict[str, Figures]) -> list[str]:
    lines = [
        "| Mean over the splits run | loss | seconds | extra MiB | ECE | cost at the threshold, per 1 000 |",
        "|---|---|---|---|---|---|",
    ]
    for name in done:
        for key, words in NAMES.items():
            if mean(done, name, key, "loss") is None:
                continue
            cost = mean(done, name, key, "cost") if name == "german-credit" else None
            cells = [show(mean(done, name, key, figure)) for figure in ("loss", "seconds", "extra_mib", "ece")]
            lines.append(f"| {name}: {words} | {' | '.join(cells)} | {show(cost)} |")
    return lines


def bar_lines(done: dict[str, Figures]) -> list[str]:
    lines = ["Bars:"]
    for name, splits in done.items():
        ours = [one["mainstay"] for one in splits.values()]
        behind = [error for one in splits.values() for error in one.get("errors", {}).values()]
        timed = bool(tables.TABLES[name].time)
        if behind and not timed:
            lines.append(
                mark(min(behind) >= -1, f"{name}: never behind a baseline by over one paired error ({min(behind):.2f})")
            )
        first = splits.get("0", {})
        if timed and "lightgbm_default" in first:
            gap = first["mainstay"]["loss"] / first["lightgbm_default"]["loss"] - 1
            lines.append(mark(gap <= 0, f"{name}: no worse than default LightGBM ({gap:+.1%})"))
        if name in {"telco-churn", "credit-default", "california-housing"}:
            if "optuna" in first:
                gap = first["mainstay"]["loss"] / first["optuna"]["loss"] - 1
                lines.append(mark(gap <= 0.01, f"{name}: within 1 % of Optuna ({gap:+.2%})"))
            slow, large = max(one["seconds"] for one in ours), max(one["extra_mib"] for one in ours)
            lines.append(mark(slow <= 20, f"{name}: at most 20 s ({slow:.1f} s)"))
            lines.append(mark(large <= 300, f"{name}: at most 300 MiB ({large:.0f} MiB)"))
        limit = {"telco-churn": 0.03, "credit-default": 0.015}.get(name)
        if limit:
            worst = float(np.mean([one["ece"] for one in ours]))
            lines.append(mark(worst <= limit, f"{name}: calibration error at most {limit} ({worst:.4f} on average)"))
        if name == "german-credit":
            costs = [one["cost"] for one in ours]
            lines.append(mark(np.mean(costs) <= 530, f"{name}: costs at most 530 on average ({np.mean(costs):.0f})"))
            lines.append(mark(max(costs) < 700, f"{name}: every split below 700 ({max(costs):.0f})"))
    return lines


def mark(held: bool | np.bool_, words: str) -> str:
    return f"- {'held' if held else 'MISSED'}: {words}"


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description="Training side by side.")
    reader.add_argument("--quick", action="store_true")
    reader.add_argument("--only", choices=list(tables.TABLES))
    reader.add_argument("--seconds", type=float, default=60.0)
    reader.add_argument("--autogluon", action="store_true")
    main(reader.parse_args())
