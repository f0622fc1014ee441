"""Slow models as they are and as they are served, one record at a time, side by side.

    python benchmarks/neural_latency.py

(a) a stock scikit-learn pipeline (scaling, one-hot, 100 trees) against its ONNX form; (b) a multilayer perceptron of
512 inputs and three layers of 2 048, in eager PyTorch, in ONNX Runtime, and there with weights of 8 bits. Each
contender answers the same held-out record in turn; medians. ONNX Runtime always has one thread, as served; so have
scikit-learn and PyTorch, and PyTorch is shown with two as well. Scores are compared on all held-out rows.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mainstay.contract import Contract
from mainstay.contract.columns import Tensor
from mainstay.models import Policy, Task
from mainstay.models.adopting import adopt
from mainstay.models.columns import Columns
from mainstay.models.convert import Asked, Tolerated, keep_decisions, parity
from mainstay.models.convert.forms import to_onnx
from mainstay.models.convert.networks.torch import from_torch
from mainstay.models.convert.quantize import quantize
from mainstay.models.yardstick import Answers

sys.path.insert(0, str(Path(__file__).parent / "neural"))
from network import learn, perceptron, rows
from pipeline import encode, stock, table
from side_by_side import in_turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

THRESHOLD = 1 / 6  # acting costs 15, and is worth 90 where it is right


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    print(f"VNNI: {'yes' if _vnni() else 'no'}; ONNX Runtime with one thread\n")
    with tempfile.TemporaryDirectory() as folder:
        pipeline(Path(folder))
    network()


def pipeline(folder: Path) -> None:
    frame, truth, name = table(folder)
    held = np.random.default_rng(0).permutation(len(frame)) >= 0.75 * len(frame)
    fitted = stock(frame[~held], truth[~held])
    columns, X = encode(frame)
    task = Task(kind="binary", target=str(truth.name), positive="Yes", negative="No")
    model = adopt(fitted, columns, task)
    served = to_onnx(model, columns, X[~held], task)
    policy = Policy(task=task, threshold=THRESHOLD)
    kept = keep_decisions(policy, model.scores(X[~held]), served.scores(X[~held]))
    Xt, one = X[held], [frame[held].iloc[[place]] for place in range(100)]
    took = in_turns(
        {
            "scikit-learn": lambda place: fitted.predict_proba(one[place % 100])[0, 1],
            "ONNX": lambda place: served.score_one(Xt[place % 100]),
        },
        rounds=300,
    )
    print(f"(a) ColumnTransformer + 100 trees, {name}, {int(held.sum())} held out")
    _show(took, "scikit-learn")
    _compared(Answers(model.scores(Xt), policy), Answers(served.scores(Xt), kept))


def network() -> None:
    X, y = rows(12_000, seed=1)
    Xt, yt = rows(4_000, seed=2)
    module = perceptron()
    torch.set_num_threads(2)
    learn(module, X, y, epochs=2)
    torch.set_num_threads(1)
    task = Task(kind="binary", target="y", positive="1", negative="0")
    columns = Columns.of(Contract((Tensor(name="x", shape=(512,)),)))
    whole = from_torch(module, columns, X[:300], Asked(task=task, made_from="torch"))
    models = {"ONNX float": whole, **{f"ONNX int8 {how}": quantize(whole, how, X) for how in ("dynamic", "static")}}
    tensors = [torch.from_numpy(row.astype(np.float32)[None]) for row in Xt[:200]]

    def eager(place: int) -> float:
        with torch.inference_mode():
            return float(torch.sigmoid(module(tensors[place % 200]))[0, 0])

    calls: dict[str, Any] = {name: _asking(model, Xt) for name, model in models.items()}
    print("(b) perceptron of 512 inputs and three layers of 2 048, 12 000 rows learned, 4 000 held out")
    print(f"accuracy {np.mean((whole.scores(Xt) >= 0.5) == yt):.3f}, always no {1 - yt.mean():.3f}")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        print(f"PyTorch with {threads} thread{'s' * (threads > 1)}")
        _show(in_turns({"eager PyTorch": eager, **calls}, rounds=300), "eager PyTorch", "ONNX float")
    with torch.inference_mode():
        said = torch.sigmoid(module(torch.from_numpy(Xt.astype(np.float32))))[:, 0].numpy().astype(np.float64)
    for threshold in (THRESHOLD, 0.5):
        policy = Policy(task=task, threshold=threshold)
        print(f"acting from {threshold:.3f}")
        _compared(Answers(said, policy), Answers(whole.scores(Xt), policy), "ONNX float against eager PyTorch")
        for name, model in list(models.items())[1:]:
            pair = (Answers(one.scores(Xt), policy) for one in (whole, model))
            _compared(*pair, f"{name} against ONNX float")
    sizes = ", ".join(f"{name} {len(model.content) / 1e6:.1f} MB" for name, model in models.items())
    print(f"size: {sizes}")


def _asking(model: Any, X: Floats) -> Any:
    return lambda place: model.score_one(X[place % 200])


def _show(took: dict[str, tuple[float, float]], first: str, second: str = "") -> None:
    for name, (p50, p99) in took.items():
        against = [f"{took[base][0] / p50:6.1f}x {base}" for base in (first, second) if base and base != name]
        print(f"  {name:18} p50 {p50:8.3f} ms   p99 {p99:8.3f} ms   {'   '.join(against)}")


def _compared(before: Answers, after: Answers, what: str = "ONNX against scikit-learn") -> None:
    apart, alike = parity(before, after, Tolerated(difference=None))
    low = alike.interval.low if alike.interval else float("nan")
    print(
        f"  {what}: decisions equal on {alike.value:.2%} of {alike.n} rows (interval from {low:.2%}), scores apart by "
        f"at most {apart.value:.2g}"
    )


def _vnni() -> bool:
    try:
        return "vnni" in Path("/proc/cpuinfo").read_text(encoding="ascii")
    except OSError:
        return False


if __name__ == "__main__":
    main()
