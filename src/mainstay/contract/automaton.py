"""A pattern as a finite automaton: says of a text whether it matches, in one step per character."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from mainstay.contract.patterns import Chain, Choice, Letters, Piece, Repeat, read_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_MET = 20_000
"""Steps that are remembered; then the automaton forgets what it met, so that no flood of texts fills the memory."""


class _State:
    """Where the automaton can be at once; `after` remembers where each character met so far leads."""

    __slots__ = ("accepts", "after", "nodes")

    def __init__(self, nodes: frozenset[int], *, accepts: bool) -> None:
        self.nodes = nodes
        self.accepts = accepts
        self.after: dict[str, _State] = {}


class Automaton:
    """Matches whole texts against one pattern; any number of threads may ask at once.

    Examples
    --------
    >>> plate = automaton("[A-Z]{1,3}-[A-Z]{1,2} [1-9][0-9]{0,3}")
    >>> plate.matches("B-XY 123"), plate.matches("B-XY 0123")
    (True, False)

    """

    def __init__(self, piece: Piece) -> None:
        self._letters: list[Letters] = []
        self._targets: list[int] = []
        self._free: list[list[int]] = []
        start = self._node()
        self._end = self._build(piece, start)
        self._known: dict[frozenset[int], _State] = {}
        self._met = 0
        self._first = self._closed([start])
        self._start = self._state(self._first)

    def matches(self, text: str) -> bool:
        """Say whether the whole text is of the pattern."""
        state = self._start
        for letter in text:
            state = state.after.get(letter) or self._step(state, letter)
            if not state.nodes:
                return False
        return state.accepts

    def _node(self) -> int:
        self._free.append([])
        self._letters.append(Letters(()))
        self._targets.append(-1)
        return len(self._free) - 1

    def _build(self, piece: Piece, start: int) -> int:
        """Add the nodes of a piece after `start`; give the node where it ends."""
        match piece:
            case Letters():
                end = self._node()
                middle = self._node()
                self._free[start].append(middle)
                self._letters[middle], self._targets[middle] = piece, end
                return end
            case Chain(parts):
                for part in parts:
                    start = self._build(part, start)
                return start
            case Choice(options):
                ends = [self._build(option, self._after(start)) for option in options]
                return self._join(ends)
            case Repeat(part, least, most):
                return self._repeat(part, start, least, most)

    def _repeat(self, part: Piece, start: int, least: int, most: int | None) -> int:
        for _ in range(least):
            start = self._build(part, start)
        if most is None:
            loop = self._after(start)
            self._free[self._build(part, self._after(loop))].append(loop)
            return self._after(loop)
        ends = [start]
        for _ in range(most - least):
            start = self._build(part, self._after(start))
            ends.append(start)
        return self._join(ends)

    def _after(self, start: int) -> int:
        node = self._node()
        self._free[start].append(node)
        return node

    def _join(self, ends: Iterable[int]) -> int:
        end = self._node()
        for one in ends:
            self._free[one].append(end)
        return end

    def _closed(self, nodes: Iterable[int]) -> frozenset[int]:
        """Add every node that is reached without a character."""
        found = set(nodes)
        waiting = list(found)
        while waiting:
            for node in self._free[waiting.pop()]:
                if node not in found:
                    found.add(node)
                    waiting.append(node)
        return frozenset(node for node in found if self._targets[node] >= 0 or node == self._end)

    def _state(self, nodes: frozenset[int]) -> _State:
        return self._known.setdefault(nodes, _State(nodes, accepts=self._end in nodes))

    def _step(self, state: _State, letter: str) -> _State:
        reached = self._state(self._closed(self._targets[it] for it in state.nodes if letter in self._letters[it]))
        self._met += 1
        if self._met > _MOST_MET:
            self._known, self._met = {}, 0
            self._start = self._state(self._first)
        state.after[letter] = reached
        return reached


@lru_cache(maxsize=256)
def automaton(pattern: str) -> Automaton:
    """Make the automaton of a pattern; the same one for the same pattern. PatternError where it can't be read."""
    return Automaton(read_pattern(pattern))
