"""Fixtures every test may use.

==================  =====================================================================================
`shared_data`       ``shared_data("telco-churn/Telco-Customer-Churn.csv") -> Path``; skips loudly without it
`telco_csv`         path of the Telco churn table (7 043 rows, target ``Churn``); skips loudly without it
`simulated_csv`     path of 2 000 simulated subscriptions (target ``churned``), made once per run; don't write to it
`small_project`     a fresh project folder, initialised from `simulated_csv`, answers and money filled in
==================  =====================================================================================
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from mainstay.data.draft import draft_project, write_project
from mainstay.data.sample import SAMPLE_ANSWERS
from mainstay.data.simulator import TARGET, write_sample

if TYPE_CHECKING:
    from collections.abc import Callable

# Machines are shared and noisy: the number of examples counts, the clock doesn't. The fast tier draws the same examples
# each time, so that what lands doesn't depend on luck; `make test-full` draws new ones.
_CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fast", _CALM, derandomize=True)
settings.register_profile("full", _CALM)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

pytest_plugins = ["tests.servers", "tests.mlflow_servers"]


@pytest.fixture(autouse=True)
def _no_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell no MLflow server of what tests train, but where a test names one."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Find a public table by its path below the folder of test data, or skip and say what is missing."""
    folder = Path(os.environ.get("MAINSTAY_TEST_DATA", str(BESIDE_THE_REPOSITORY)))

    def find(name: str) -> Path:
        path = folder / name
        if not path.is_file():
            pytest.skip(
                f"NOT TESTED on real data: {path} isn't there (set MAINSTAY_TEST_DATA to the folder that has {name})"
            )
        return path

    return find


@pytest.fixture(scope="session")
def telco_csv(shared_data: Callable[[str], Path]) -> Path:
    """Find the Telco churn table."""
    return shared_data("telco-churn/Telco-Customer-Churn.csv")


@pytest.fixture(scope="session")
def simulated_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 2 000 simulated subscriptions once per run."""
    path = tmp_path_factory.mktemp("simulated") / "subscriptions.csv"
    write_sample(path, rows=2000, seed=11)
    return path


@pytest.fixture
def small_project(simulated_csv: Path, tmp_path: Path) -> Path:
    """Initialise a project folder called `churn` on the simulated table; contract, problem and money are filled in."""
    folder = tmp_path / "churn"
    write_project(draft_project(simulated_csv, TARGET, folder, SAMPLE_ANSWERS), folder)
    return folder
