"""The ``[release]`` section."""

from __future__ import annotations

from typing import Annotated

import msgspec

from mainstay.project.lengths import Length, seconds_of

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Name = Annotated[str, msgspec.Meta(min_length=1)]


class ReleaseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[release]`` section: what holds for every release of this project.

    Parameters
    ----------
    canary : float
        Share of a canary that is given none (``mainstay release 3 --canary``) where there are no `steps`.
    steps : list of float
        Shares a canary goes through by itself, ascending, before it gets everything: ``[0.05, 0.25]``. Such a canary
        begins at the first; `mainstay operate` gives it the next one. Empty: a canary stays as it is.
    step_windows : int or str
        What a step must have stood before the next: so many windows in a row (``3``), or windows of that length
        together (``"2d"``), in which nothing failed.
    approvals : list of str
        Roles in which somebody must have said yes to a version before it is released, each another person:
        ``["owner", "risk"]``.
    people : table of lists of str
        Who may act in a role: ``{ owner = ["anna"] }``. A role that isn't named here is taken by word.
    max_refused : float
        Share of the requests that were answered lately which a newcomer's contract may refuse.
    control : float
        Share of those who are asked about that is never acted on, the same ones each time: the answer's decision is
        to do nothing. What becomes of them is what would have become of everybody, so that retraining can learn from
        it without learning the effect of its own actions.

    """

    canary: Share = 0.1
    steps: tuple[Share, ...] = ()
    step_windows: Length | Annotated[int, msgspec.Meta(ge=1)] = 1
    approvals: tuple[Name, ...] = ()
    people: dict[str, tuple[Name, ...]] = {}
    max_refused: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    control: Annotated[float, msgspec.Meta(ge=0, le=0.5)] = 0.0

    def __post_init__(self) -> None:
        """Refuse what can't be meant; whoever decodes the project file adds the line."""
        if list(self.steps) != sorted(set(self.steps)):
            raise ValueError(f"steps are {list(self.steps)}, and each must be larger than the one before")
        if len(set(self.approvals)) != len(self.approvals):
            raise ValueError("approvals names a role twice")
        if stray := sorted(set(self.people) - set(self.approvals)):
            raise ValueError(f"people names '{stray[0]}', which is no role of approvals")
        if isinstance(self.step_windows, str) and not seconds_of(self.step_windows):
            raise ValueError("step_windows is no time at all")
