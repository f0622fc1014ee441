"""Numbers of a check or a training as a small file that other tools compare (``dvc metrics diff``).

The same training writes the same bytes: no version number, no date, no path.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from mainstay.data.quarantine import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mainstay.lifecycle.checking import Checked
    from mainstay.lifecycle.registering import Trained
    from mainstay.measures.finding import Finding


def write_training(trained: Trained, path: Path) -> None:
    """Write the held-out measures of a training, its rows and its gates."""
    report, verdict = trained.report, trained.verdict
    _write(
        path,
        {
            "candidate": trained.version.candidate,
            "data": trained.version.data_fingerprint,
            "rows": {"train": report.train_rows, "test": report.test_rows},
            "held_out": _values(report.measures),
            "gates": {
                "passed": sum(finding.ok is True for finding in verdict.findings),
                "failed": len(verdict.failed),
            },
        },
    )


def write_check(checked: Checked, path: Path) -> None:
    """Write what a check measured."""
    failed = sum(finding.failed for finding in checked.findings)
    _write(path, {"data": checked.fingerprint, "failed": failed, "checks": _values(checked.findings)})


def _values(findings: Iterable[Finding]) -> dict[str, float]:
    named = {f"{each.measure} ({each.where})" if each.where != "all" else each.measure: each.value for each in findings}
    return {name: value for name, value in named.items() if value is not None and math.isfinite(value)}


def _write(path: Path, value: object) -> None:
    write_whole(path, msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
