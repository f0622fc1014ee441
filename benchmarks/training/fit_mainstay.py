"""Train mainstay's default on one split of a table, in a process of its own; print its figures as one line of JSON.

    python benchmarks/training/fit_mainstay.py TABLE SPLIT FOLDER

Everything is on: all candidates, choice, calibration, studies. The arrays that the peers get are written beside.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import lightgbm  # noqa: F401 - loaded before memory is measured, as the peers load theirs
import numpy as np
import sklearn.isotonic
import sklearn.linear_model  # noqa: F401 - as above

sys.path.insert(0, str(Path(__file__).parent))
import fit
import tables

from mainstay.training import TrainingSettings, train


def main(name: str, split: int, folder: Path) -> None:
    project = tables.make_project(name, folder)
    snapshot = tables.snapshot_of(project, name, split)
    path = folder / "arrays.npz"
    tables.write_arrays(snapshot, path)
    before, start = fit.peak_mib(), time.perf_counter()
    training = train(snapshot, project.section("training", TrainingSettings), project.money)
    took = time.perf_counter() - start
    y, X = snapshot.test.y, snapshot.test.X
    chosen = training.chosen
    scores = chosen.model.scores(X)
    np.save(folder / "arrays.mainstay.npy", scores)
    figures = fit.measure(snapshot.task.kind, y, scores)
    if snapshot.task.kind == "binary" and chosen.policy.threshold <= 1:
        acted = scores >= chosen.policy.threshold  # its own threshold, derived from the costs
        figures["cost"] = 1000 * float(np.where(y > 0.5, np.where(acted, 0, 5), np.where(acted, 1, 0)).mean())
    memory = {"extra_mib": fit.peak_mib() - before, "peak_mib": fit.peak_mib()}
    told = {"chosen": chosen.name, "notes": list(training.notes), "learning": training.studies.learning}
    print(json.dumps({**figures, "seconds": took, **memory, **told, "ageing": training.studies.ageing}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
