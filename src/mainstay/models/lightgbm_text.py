"""LightGBM's text format, looked through before its library reads it: the library believes whatever it is told.

A child that isn't there, a list that is too short or an offset that lies makes it read memory that isn't its own, or
walk in a circle for ever. Each tree must be a tree: every node and every leaf below exactly one other, every index
inside.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Integers = NDArray[np.int32]

_EVERY, _PAUSE = 4, 5e-5  # trees; seconds
_TREE = re.compile(r"(?m)Tree=\d+$")
_PER_NODE = {
    "split_feature": np.int32,
    "split_gain": np.float64,
    "threshold": np.float64,
    "decision_type": np.int32,
    "internal_value": np.float64,
    "internal_weight": np.float64,
    "internal_count": np.int32,
}
_PER_LEAF = {"leaf_value": np.float64, "leaf_weight": np.float64, "leaf_count": np.int32}
_MOST = 1 << 20  # leaves of a tree, trees, classes
_CATEGORY = 1  # the bit of decision_type


def fault_of(text: str) -> str:
    r"""Say what is wrong with a model's text; empty where nothing is.

    Parameters
    ----------
    text : str
        All of it.

    Returns
    -------
    str
        The end of a sentence: ``"tree 3 isn't one: its children make no tree"``.

    Examples
    --------
    >>> fault_of("tree\nend of trees\n")
    'it says nothing of num_class'

    """
    head, *trees = _blocks(text)
    try:
        return next(_faults(text, _fields(head), trees), "")
    except (ValueError, OverflowError):
        return "it holds words where numbers belong, or an empty line, or one twice"


def _blocks(text: str) -> Iterator[str]:
    """Give what stands before the first tree, then each tree.

    From tree to tree: one step over all of a large text would keep every other thread waiting for as long.
    """
    end = text.find("\nend of trees\n")
    end = len(text) if end < 0 else end + 1
    begun = 0
    at = 0 if text.startswith("Tree=") else text.find("\nTree=", 0, end) + 1 or end
    while at < end:
        if _TREE.match(text, at):
            yield text[begun:at]
            begun = at
        at = text.find("\nTree=", at, end) + 1 or end
    yield text[begun:end]


def _faults(text: str, head: Mapping[str, str], trees: list[str]) -> Iterator[str]:
    for name in ("num_class", "num_tree_per_iteration", "max_feature_idx"):
        if name not in head:
            yield f"it says nothing of {name}"
    classes, each, features = (int(head[name]) for name in ("num_class", "num_tree_per_iteration", "max_feature_idx"))
    if not (1 <= classes <= _MOST and 1 <= each <= _MOST and 0 <= features <= _MOST):
        yield "it has numbers of classes, trees or features that can't be"
    if classes != each or len(trees) % each:
        yield f"it has {len(trees)} trees, which its {each} per round don't divide"
    if any(len(head.get(name, "").split()) != features + 1 for name in ("feature_names", "feature_infos")):
        yield "it doesn't name each of its features once"
    yield from _misplaced(text, head, trees)
    for place, tree in enumerate(trees):
        if place % _EVERY == 0:
            # NumPy lets go of the interpreter and takes it back so often that whoever waits for it in another thread,
            # which may be a server's event loop, is never woken for longer than a moment. Here it is.
            time.sleep(_PAUSE)
        found = next(_tree_faults(_fields(tree), features), "")
        if found:
            yield f"tree {place} isn't one: {found}"


def _misplaced(text: str, head: Mapping[str, str], trees: list[str]) -> Iterator[str]:
    """Compare where the trees begin with where the text says they do: the library goes by that."""
    if "tree_sizes" not in head:
        return
    sizes = [int(size) for size in head["tree_sizes"].split()]
    content = text.encode()
    at = content.find(b"Tree=0\n")
    for place, size in enumerate(sizes):
        if not 0 < size <= len(content) or not content.startswith(b"Tree=%d\n" % place, at):
            yield f"tree {place} isn't where tree_sizes says"
        at += size
    if len(sizes) != len(trees):
        yield f"it has {len(trees)} trees, and tree_sizes tells of {len(sizes)}"


def _tree_faults(tree: Mapping[str, str], features: int) -> Iterator[str]:
    leaves = int(tree.get("num_leaves", "0"))
    if not 1 <= leaves <= _MOST:
        yield f"{leaves} leaves"
    nodes = leaves - 1
    for names, many in ((_PER_NODE, nodes), (_PER_LEAF, leaves)):
        for name, kind in names.items():
            # A tree of one leaf tells of its value alone, some versions of LightGBM also of the rest.
            if name in tree and (leaves > 1 or name == "leaf_value") and _numbers(tree, name, kind).size != many:
                yield f"{name} has not {many} numbers"
    if "leaf_value" not in tree or (nodes and not {"split_feature", "threshold", "decision_type"} <= tree.keys()):
        yield "its splits or its values are missing"
    if nodes:
        yield from _not_a_tree(_integers(tree, "left_child"), _integers(tree, "right_child"), nodes)
        asked = _integers(tree, "split_feature")
        if asked.min() < 0 or asked.max() > features:
            yield "it asks for a feature that isn't there"
        yield from _category_faults(tree, nodes)
    if tree.get("is_linear", "0") != "0":
        yield from _linear_faults(tree, leaves, features)


def _not_a_tree(left: Integers, right: Integers, nodes: int) -> Iterator[str]:
    if left.size != nodes or right.size != nodes:
        yield f"its children aren't {nodes} on each side"
    below = np.sort(np.concatenate((left, right)))
    # Leaf k is written as ~k. Each but the root hangs below exactly one node: with that many, there is no circle
    # that the root can be led into.
    wanted = np.concatenate((np.arange(-nodes - 1, 0), np.arange(1, nodes)))
    if not np.array_equal(below, wanted):
        yield "its children make no tree"


def _category_faults(tree: Mapping[str, str], nodes: int) -> Iterator[str]:
    kinds = _integers(tree, "decision_type")
    chosen = _numbers(tree, "threshold", np.float64)[(kinds & _CATEGORY) > 0]
    many = int(tree.get("num_cat", "0"))
    if not 0 <= many <= nodes:
        yield f"{many} splits by category"
    if chosen.size and not (chosen.min() >= 0 and chosen.max() < many):
        yield "a split by category names a list that isn't there"
    if many:
        ends = _integers(tree, "cat_boundaries")
        listed = _numbers(tree, "cat_threshold", np.uint32).size
        if ends.size != many + 1 or ends[0] != 0 or ends[-1] != listed or np.any(np.diff(ends) < 0):
            yield "its lists of categories don't fit together"


def _linear_faults(tree: Mapping[str, str], leaves: int, features: int) -> Iterator[str]:
    per_leaf = _integers(tree, "num_features")
    asked = _integers(tree, "leaf_features")
    if per_leaf.size != leaves or per_leaf.min() < 0 or int(per_leaf.sum()) != asked.size:
        yield "its leaves' features don't fit together"
    sizes = [_numbers(tree, name, np.float64).size for name in ("leaf_const", "leaf_coeff")]
    if sizes != [leaves, asked.size]:
        yield "its leaves' coefficients don't fit together"
    if asked.size and not (asked.min() >= 0 and asked.max() <= features):
        yield "a leaf asks for a feature that isn't there"


def _integers(tree: Mapping[str, str], name: str) -> Integers:
    return _numbers(tree, name, np.int32)


def _numbers(tree: Mapping[str, str], name: str, kind: Any) -> NDArray[Any]:
    return np.array(tree.get(name, "").split(), dtype=kind)


def _fields(block: str) -> Mapping[str, str]:
    # The library stops at an empty line, and which of two that say the same it takes isn't ours to guess.
    parts = [line.partition("=") for line in block.rstrip("\n").split("\n")]
    found = {name: value for name, _, value in parts if name}
    if len(found) != len(parts):
        raise ValueError(block[:20])
    return found
