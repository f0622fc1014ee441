"""A refused request: its problems, collected or listed when somebody asks."""

from __future__ import annotations

from mainstay.contract.reading import shown
from mainstay.errors import Problem, RecordError

MOST_PROBLEMS = 100


class Complaints:
    """The problems of one request: the first hundred kept, all counted."""

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self.total = 0

    @property
    def full(self) -> bool:
        """Whether further problems are only counted."""
        return len(self.kept) >= MOST_PROBLEMS

    def add(self, place: int, field: str, found: object, message: str) -> None:
        """Note one problem of the record at `place`."""
        self.total += 1
        if not self.full:
            self.kept.append(Problem(record=place, field=field, found=shown(found), message=message))

    def raise_any(self) -> None:
        """Raise RecordError where there is a problem."""
        if self.kept:
            raise RecordError(self.kept, self.total)


class Refusal(RecordError):  # noqa: N818 - a refused record is what a caller meets, not a fault of ours
    """A record that is surely refused; `problems`, `total` and `message` are found when they are first asked for.

    Parameters
    ----------
    decoder : RequestDecoder
        Decodes the request slowly, which raises the error that lists everything.
    body : bytes
        The request.

    """

    __init__ = Exception.__init__  # a refusal is cheap: it only keeps what it is given

    def __getattr__(self, name: str) -> object:
        """Find what is wrong, once."""
        if name not in ("problems", "total", "message", "cure"):
            raise AttributeError(name)
        try:
            decoder, body = self.args
            decoder.decode_slowly(body)
        except RecordError as error:
            self.problems, self.total = error.problems, error.total
            self.message, self.cure = error.message, error.cure
        return self.__dict__[name]

    def __str__(self) -> str:
        """Tell the first problem, and how many more there are."""
        return self.message

    def __repr__(self) -> str:
        """Tell the same as the error that lists everything."""
        return repr(RecordError(self.problems, self.total))
