"""`ArmWatch`: sees breakers open and close, and tells the operator and the log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mainstay.serving.arms.findings import failing, recovered

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.serving.lineup import Arm
    from mainstay.serving.served import Served

_AGAIN = 60.0  # seconds until an arm that is still out is told of again


class ArmWatch:
    """Watches the arms of one model; asked about once a second, on the event loop.

    Parameters
    ----------
    served : Served
        The model.
    clock : callable
        Gives seconds that only grow.

    """

    def __init__(self, served: Served, clock: Callable[[], float] = time.monotonic) -> None:
        self._served = served
        self._clock = clock
        self._arms: dict[int, Arm] = {}
        self._told: dict[int, float] = {}

    def look(self) -> None:
        """Look at each arm, and tell what is new."""
        lineup = self._served.lineup
        arms = {} if lineup is None else {arm.version: arm for arm in (*lineup.arms, *lineup.shadows)}
        for version, left in self._arms.items():
            now = arms.get(version)
            if now is None or now.breaker is not left.breaker:
                self._told.pop(version, None)
        self._arms = arms
        for arm in arms.values():
            arm.breaker.tick()
            self._look_at(arm)

    def _look_at(self, arm: Arm) -> None:
        version, breaker = arm.version, arm.breaker
        if not breaker.closed:
            if version not in self._told:
                self._say(arm, f"is out of rotation: {100 * breaker.value:.0f} % failed. {self._instead(arm)}")
            if self._clock() - self._told.get(version, -_AGAIN) >= _AGAIN:
                self._told[version] = self._clock()
                self._tell_failing(arm)
        elif version in self._told:
            del self._told[version]
            self._say(arm, "answers again.")
            self._served.log.find(recovered(version, self._served.settings.breaker_share))

    def _tell_failing(self, arm: Arm) -> None:
        note = f"Out of rotation as {arm.route.role} in one worker of a server. {self._instead(arm)} {arm.breaker.why}"
        share = arm.breaker.value
        self._served.log.find(failing(arm.version, share, self._served.settings.breaker_share, note[:500]))

    @staticmethod
    def _instead(arm: Arm) -> str:
        if arm.route.role == "shadow":
            return "Nobody is compared meanwhile."
        if arm.route.role != "champion":
            return "The champion answers meanwhile."
        if arm.alone:
            return "It is asked all the same, because there is no fallback."
        return "Its fallback answers meanwhile."

    def _say(self, arm: Arm, what: str) -> None:
        why = f" It failed with: {arm.breaker.why}" if arm.breaker.why else ""
        self._served.say(f"version {arm.version} ({arm.route.role}) {what}{why}")
