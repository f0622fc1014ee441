"""A multilayer perceptron of 512 inputs and three layers of 2 048, learned on a task whose truth is known.

Rows are like embeddings: 512 numbers of 40 hidden causes and noise. The outcome depends on products and thresholds of
the causes, so a linear model misses much of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

INPUTS, HIDDEN = 512, 2048


def rows(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw rows and outcomes of the same world."""
    world, rng = np.random.default_rng(0), np.random.default_rng(seed)
    mixing, weights = world.normal(size=(40, INPUTS)) / 6, world.normal(size=40)
    causes = rng.normal(size=(n, 40))
    X = causes @ mixing + 0.3 * rng.normal(size=(n, INPUTS))
    signal = causes @ weights / 3 + 1.5 * causes[:, 0] * causes[:, 1] + 1.2 * (causes[:, 2] > 0.5) * causes[:, 3]
    y = (rng.random(n) < 1 / (1 + np.exp(1.0 - 1.5 * signal))).astype(np.float64)
    return X.astype(np.float32).astype(np.float64), y


def perceptron() -> Any:
    """Make the network, unlearned."""
    torch.manual_seed(0)
    layers: list[Any] = []
    width = INPUTS
    for _ in range(3):
        layers += [torch.nn.Linear(width, HIDDEN), torch.nn.ReLU()]
        width = HIDDEN
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 1))


def learn(module: Any, X: NDArray[np.float64], y: NDArray[np.float64], *, epochs: int = 3, batch: int = 256) -> None:
    """Fit it by Adam on the log loss, with weight decay."""
    inputs, truth = torch.from_numpy(X.astype(np.float32)), torch.from_numpy(y.astype(np.float32))
    best = torch.optim.AdamW(module.parameters(), lr=3e-4, weight_decay=0.05)
    loss = torch.nn.BCEWithLogitsLoss()
    for epoch in range(epochs):
        order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(epoch))
        for part in order.split(batch):
            best.zero_grad()
            loss(module(inputs[part])[:, 0], truth[part]).backward()
            best.step()
    module.eval()
