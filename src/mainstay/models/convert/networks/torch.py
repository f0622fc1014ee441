"""A PyTorch module becomes an ONNX file when it is adopted, and is served as that: no PyTorch, no code of its own.

The module is traced by ``torch.export`` and written by ``torch.onnx`` with an open batch dimension. What its Python
code did for other rows than the traced ones is not in the file, so the two are compared on real rows afterwards.
"""

from __future__ import annotations

import contextlib
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from mainstay.errors import InputError
from mainstay.extras import need
from mainstay.models.convert.build import Asked, build_model
from mainstay.models.convert.feeds import feeds_of
from mainstay.models.convert.graph import quiet
from mainstay.models.convert.networks.stand_ins import stand_ins
from mainstay.models.convert.parity import demand_same_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from numpy.typing import NDArray

    from mainstay.models.columns import Columns
    from mainstay.models.frameworks.onnx import OnnxModel
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]

_TRACED = 3  # rows: one or two are taken for a size that never changes
_COMPARED = 256


def package() -> ModuleType:
    """Give PyTorch.

    Raises
    ------
    SetupError
        Where it, or what exports from it, isn't installed.

    """
    need("onnxscript", "Adopting a PyTorch module", "torch")  # torch.onnx needs it and would say so late
    return need("torch", "Adopting a PyTorch module", "torch")


def adopters() -> Mapping[type, Callable[[Any, Columns, Task], OnnxModel]]:
    """Say which types are taken: see `mainstay.models.adopting`."""

    def adopt(module: Any, columns: Columns, task: Task) -> OnnxModel:
        return from_torch(module, columns, stand_ins(columns), Asked(task=task, made_from="torch"))

    return {package().nn.Module: adopt}


def refuse_file(path: Path) -> NoReturn:
    """Refuse a file of PyTorch's own: none of its formats can be read without the risk of running code from it.

    ``torch.save`` writes a pickle, and ``torch.export.load`` falls back to one where a file asks for it.

    Raises
    ------
    InputError
        Saying how to hand the module over instead.

    """
    raise InputError(
        f"{path} is a file of PyTorch's, and reading one can run code from it.",
        "Load it where you trust it and hand the module over in Python (mainstay.ship), or write it as ONNX with "
        "torch.onnx.export(module, example, 'name.onnx', dynamo=True) and adopt that.",
    )


def from_torch(
    module: Any, columns: Columns, X: Floats, asked: Asked, *, inputs: Sequence[str] = (), call: Any = None
) -> OnnxModel:
    """Turn a fitted module into a model that is served by ONNX Runtime.

    Parameters
    ----------
    module : torch.nn.Module
        Fitted; it is put into evaluation mode.
    columns : Columns
        What each number of an encoded row is. A module of one argument gets the whole row: as float32 of shape
        (n, width), or in the shape of the tensor column where there is only that one. A module of several gets a
        column each, by the names of its arguments: numbers of shape (n, 1), tensors of shape (n, *shape).
    X : array, shape (n, width)
        Real encoded rows.
    asked : Asked
        Task and output.
    inputs : sequence of str
        The columns its arguments take, where they are called otherwise.
    call : callable, optional
        Called as ``call(module, parts)`` with a list of tensors instead of ``module(*parts)``.

    Raises
    ------
    InputError
        Where it can't be exported, its inputs or output don't fit, or the exported one answers differently.

    """
    torch = package()
    names = tuple(inputs) or _arguments(module)
    feeds = feeds_of(columns, dict.fromkeys(names, ()))
    with contextlib.suppress(NotImplementedError):  # one that was exported knows no other mode
        module.eval()

    def parts(rows: Floats) -> list[Any]:
        cells = [(feed, rows[:, feed.start : feed.start + feed.width]) for feed in feeds]
        return [
            torch.from_numpy(np.ascontiguousarray(cell, dtype=np.float32).reshape(-1, *feed.shape))
            for feed, cell in cells
        ]

    def answer(given: Sequence[Any]) -> Any:
        return module(*given) if call is None else call(module, given)

    proto = _exported(torch, module, answer, parts(_enough(X)), feeds)
    model = build_model(proto, columns, X, asked, feeds)
    few = X[:_COMPARED]
    with torch.inference_mode(), quiet():
        said = answer(parts(few)).detach().to(torch.float64).cpu().numpy().reshape(len(few), -1)
    demand_same_scores(said, model.raw(few), asked.made_from or "torch")
    return model


def _exported(torch: ModuleType, module: Any, answer: Callable[[Any], Any], given: list[Any], feeds: Any) -> Any:
    class Called(torch.nn.Module):  # type: ignore[name-defined, misc]  # torch is a value here
        """Takes any number of inputs, and keeps the module's weights where the exporter finds them."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = module

        def forward(self, *parts: Any) -> Any:
            return answer(parts)

    open_batch = {0: torch.export.Dim("batch", min=1)}
    try:
        with quiet():
            program = torch.onnx.export(
                Called(),
                tuple(given),
                dynamo=True,
                dynamic_shapes=(tuple(open_batch for _ in given),),
                input_names=[feed.name for feed in feeds],
                output_names=["output"],
                verbose=False,
            )
    except Exception as error:  # noqa: BLE001 - the exporter's errors have no type of their own
        raise InputError(
            f"The module can't be written as ONNX: {_told(error)}",
            "Does it take as many numbers as the columns hold? Its forward may branch on values or take a fixed batch; "
            "see torch.export's documentation.",
        ) from None
    return program.model_proto


def _told(error: BaseException) -> str:
    """Say what an exporter's error says: its first cause, since the later ones only point to it."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    told = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return f"{told.rstrip('.')[:300]}."


def _arguments(module: Any) -> tuple[str, ...]:
    """Name what a module's forward takes; one row of numbers where it doesn't say."""
    try:
        told = signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return ("input",)
    plain = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    names = tuple(one.name for one in told if one.kind in plain and one.default is Parameter.empty)
    return names or ("input",)


def _enough(X: Floats) -> Floats:
    if not len(X):
        raise InputError("A module is exported by following real rows through it, and there are none.", "Bring rows.")
    return np.resize(X, (_TRACED, X.shape[1]))
