"""TOML that knows where each key stands, so that an error can point at the line."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from mainstay.errors import ProjectError
from mainstay.project.toml_words import explain_toml
from mainstay.project.wording import allowed_keys, explain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
_SECRET = re.compile(r"^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$")
_HEADER = re.compile(r"^\s*\[\s*(.+?)\s*\]\s*(#.*)?$")
_ENTRY = re.compile(r"^\s*\[\[\s*(.+?)\s*\]\]\s*(#.*)?$")
_KEY = re.compile(r"""^\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*[.=]""")
_AT = re.compile(r" - at `(?:key in )?\$(.*)`$")
_UNKNOWN = re.compile(r"unknown field `(.*?)`")
_ENTRY_STEP = re.compile(r"^([A-Za-z0-9_-]+)\[(\d+)\]\.?(.*)$")


class Located:
    """The tables of one TOML file and the line each key stands on.

    Parameters
    ----------
    path : Path
        Where the text came from; only named in errors.
    text : str
        The file's text.

    Raises
    ------
    ProjectError
        Where the text isn't TOML, or a secret's environment variable isn't set.

    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text
        try:
            self.tables: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            said, cure = explain_toml(str(error), text)
            raise ProjectError(f"{path.name} isn't valid TOML: {said}.", cure) from None
        self._lines = _locate(text)

    def table(self, name: str) -> dict[str, Any]:
        """Give the raw table called `name`, empty where the file has none."""
        found = self.tables.get(name, {})
        if not isinstance(found, dict):
            raise self.error(name, "", f"must be a table [{name}], found {_kind(found)}.")
        return found

    def decode(self, name: str, kind: type[T], *, elsewhere: Callable[[str], str] | None = None) -> T:
        """Decode the table called `name` into a frozen struct.

        Parameters
        ----------
        name : str
            The table.
        kind : type
            What it becomes.
        elsewhere : callable, optional
            Says of a setting that isn't known here where else there is one; empty where there is none.

        Raises
        ------
        ProjectError
            Naming file, line, key, what was found, what is allowed and the nearest valid spelling.

        """
        raw = self._fill_secrets(name, self.table(name))
        try:
            return msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            raise self._explain(name, str(error), kind, elsewhere=elsewhere) from None

    def entries(self, name: str) -> list[dict[str, Any]]:
        """Give the raw tables ``[[name]]``, empty where the file has none."""
        found = self.tables.get(name, [])
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise self.error(name, "", f"must be tables [[{name}]], found {_kind(found)}.")
        return found

    def decode_entries(self, name: str, kind: type[T]) -> tuple[T, ...]:
        """Decode the tables ``[[name]]`` into frozen structs; raises as `decode` does."""
        found = []
        for place, entry in enumerate(self.entries(name)):
            raw = self._fill_secrets(name, entry)
            try:
                found.append(msgspec.convert(raw, kind))
            except msgspec.ValidationError as error:
                raise self._explain(name, str(error), kind, place) from None
        return tuple(found)

    def error(
        self, table: str, key: str, message: str, cure: str = "", *, place: int | None = None, at: str = ""
    ) -> ProjectError:
        """Make the error that points at `key` in `table`, or at the line of the key `at` where no key is to be named.

        Of several ``[[table]]`` it points at the one at `place`.
        """
        where = table if place is None else _entry(table, place)
        below = (f"{where}.{key or at}", "")
        line = self._lines.get((where, key or at)) or self._lines.get(below) or self._lines.get((where, ""))
        file = f"{self.path.name}, line {line}" if line else self.path.name
        called = f"[{table}]" if place is None else f"[[{table}]]"
        label = f"{called} {key}".strip() if table else key
        stop = "" if message.endswith((".", "?", "!")) else "."
        return ProjectError(f"{file}: {label} {message}{stop}", cure)

    def _explain(
        self,
        name: str,
        message: str,
        kind: Any,
        place: int | None = None,
        *,
        elsewhere: Callable[[str], str] | None = None,
    ) -> ProjectError:
        at = _AT.search(message)
        path = at.group(1).lstrip(".") if at else ""
        said = _AT.sub("", message)
        below = self._below(name, path) if place is None else None
        if below is not None:
            return self._explain_below(below, said, kind, path, _lookup(self.table(name), path))
        key = path.split(".")[0].split("[")[0]
        unknown = _UNKNOWN.search(said)
        if unknown:
            wrong = unknown.group(1)
            allowed = allowed_keys(kind, path)
            near = difflib.get_close_matches(wrong, allowed, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Allowed here: {', '.join(allowed)}."
            told = elsewhere(wrong) if elsewhere else ""
            return self.error(name, key, f"has no setting called '{wrong}'.", told or hint, place=place, at=wrong)
        table = self.table(name) if place is None else self.entries(name)[place]
        if not path and "missing required field" not in said:
            meant = _meant(said, table, kind)
            if meant and said.startswith(f"{meant} "):
                return self.error(name, meant, f"{said.removeprefix(f'{meant} ')}.", place=place)
            return self.error(name, key, f"is wrong: {said[:1].lower()}{said[1:]}.", place=place, at=meant)
        told, cure = explain(said, kind, path, _lookup(table, path))
        return self.error(name, key, told, cure, place=place)

    def _below(self, name: str, path: str) -> tuple[str, int, str] | None:
        """Find the ``[[name.key]]`` that a path such as ``key[2].setting`` leads to: table, place and the rest."""
        step = _ENTRY_STEP.match(path)
        if step is None:
            return None
        table, place = f"{name}.{step.group(1)}", int(step.group(2))
        return (table, place, step.group(3)) if (_entry(table, place), "") in self._lines else None

    def _explain_below(
        self, below: tuple[str, int, str], said: str, kind: Any, path: str, found: object
    ) -> ProjectError:
        table, place, rest = below
        key = rest.split(".")[0].split("[")[0]
        unknown = _UNKNOWN.search(said)
        if unknown:
            wrong, allowed = unknown.group(1), allowed_keys(kind, path)
            near = difflib.get_close_matches(wrong, allowed, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Allowed here: {', '.join(allowed)}."
            return self.error(table, key, f"has no setting called '{wrong}'.", hint, place=place, at=wrong)
        if isinstance(found, dict) and not said.startswith(("Expected ", "Object missing")):
            return self.error(table, key, said, place=place)  # what its author says of the whole table
        told, cure = explain(said, kind, path, found)
        deeper = rest.removeprefix(key).lstrip(".")
        return self.error(table, key, f"{deeper} {told}".strip(), cure, place=place)

    def _fill_secrets(self, table: str, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: self._fill_secrets(table, v, key or k) for k, v in value.items()}
        if isinstance(value, list):
            return [self._fill_secrets(table, v, key) for v in value]
        match = _SECRET.match(value) if isinstance(value, str) else None
        if not match:
            return value
        if match.group(1) not in os.environ:
            raise self.error(
                table, key, f"needs the environment variable {match.group(1)}.", f"Set it: export {match.group(1)}=…"
            )
        return os.environ[match.group(1)]


def read_located(path: Path) -> Located:
    """Read a TOML file, with every way it can't be read told in a sentence."""
    try:
        return Located(path, path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(
            f"There is no {path.name} in {path.parent}.", "Make one: mainstay init DATA --target COLUMN."
        ) from None
    except UnicodeDecodeError:
        raise ProjectError(f"{path.name} isn't UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise ProjectError(f"{path.name} can't be read: {error.strerror}.") from None


def _locate(text: str) -> dict[tuple[str, str], int]:
    lines: dict[tuple[str, str], int] = {}
    entries: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        entry, header, key = _ENTRY.match(line), _HEADER.match(line), _KEY.match(line)
        if entry and not key:
            name = entry.group(1).strip("\"'")
            table = _entry(name, entries.get(name, 0))
            entries[name] = entries.get(name, 0) + 1
            lines.setdefault((name, ""), number)
            lines.setdefault((table, ""), number)
        elif header and not key:
            table = header.group(1).strip("[]").strip("\"'")
            lines.setdefault((table, ""), number)
        elif key:
            lines.setdefault((table, key.group(1).strip("\"'")), number)
    return lines


def _meant(said: str, table: dict[str, Any], kind: Any) -> str:
    """Find the setting that a sentence about a whole table speaks of; empty where it names none that is set."""
    words = re.findall(r"\w+", said)
    known = set(allowed_keys(kind, ""))
    return next((word for word in words if word in table and word in known), "")


def _entry(name: str, place: int) -> str:
    """Name one of several tables apart from every name a table can have in a file."""
    return f"{name}\n{place}"


def _lookup(value: Any, path: str) -> Any:
    for part in filter(None, re.split(r"[.\[\]]", path)):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit():
            value = value[int(part)]
    return value


def _kind(value: object) -> str:
    return {str: "text", bool: "true/false", int: "a number", float: "a number", list: "a list"}.get(
        type(value), "another thing"
    )
