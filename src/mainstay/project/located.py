"""TOML that knows where each key stands, so that an error can point at the line."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from mainstay.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
_SECRET = re.compile(r"^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$")
_HEADER = re.compile(r"^\s*\[\s*(.+?)\s*\]\s*(#.*)?$")
_KEY = re.compile(r"""^\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*[.=]""")
_AT = re.compile(r" - at `(?:key in )?\$(.*)`$")
_UNKNOWN = re.compile(r"unknown field `(.*?)`")


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
            raise ProjectError(f"{path.name} isn't valid TOML: {error}.", "Mend that line.") from None
        self._lines = _locate(text)

    def table(self, name: str) -> dict[str, Any]:
        """Give the raw table called `name`, empty where the file has none."""
        found = self.tables.get(name, {})
        if not isinstance(found, dict):
            raise self.error(name, "", f"must be a table [{name}], found {_kind(found)}.")
        return found

    def decode(self, name: str, kind: type[T]) -> T:
        """Decode the table called `name` into a frozen struct.

        Raises
        ------
        ProjectError
            Naming file, line, key, what was found, what is allowed and the nearest valid spelling.

        """
        raw = self._fill_secrets(name, self.table(name))
        try:
            return msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            raise self._explain(name, str(error), kind) from None

    def error(self, table: str, key: str, message: str, cure: str = "") -> ProjectError:
        """Make the error that points at `key` in `table`."""
        line = self._lines.get((table, key)) or self._lines.get((table, ""))
        place = f"{self.path.name}, line {line}" if line else self.path.name
        label = f"[{table}] {key}".strip() if table else key
        return ProjectError(f"{place}: {label} {message}", cure)

    def _explain(self, name: str, message: str, kind: Any) -> ProjectError:
        place = _AT.search(message)
        path = place.group(1).lstrip(".") if place else ""
        said = _AT.sub("", message)
        key = path.split(".")[0].split("[")[0]
        unknown = _UNKNOWN.search(said)
        if unknown:
            wrong = unknown.group(1)
            allowed = _fields(kind, path)
            near = difflib.get_close_matches(wrong, allowed, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Allowed here: {', '.join(allowed)}."
            return self.error(name, key or wrong, f"has no setting called '{wrong}'.", hint)
        found = _lookup(self.table(name), path)
        said = said[:1].lower() + said[1:]
        return self.error(name, key, f"is {found!r}: {said}." if path else f"is wrong: {said}.")

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
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        key = _KEY.match(line)
        if header and not key:
            table = header.group(1).strip("[]").strip("\"'")
            lines.setdefault((table, ""), number)
        elif key:
            lines.setdefault((table, key.group(1).strip("\"'")), number)
    return lines


def _lookup(value: Any, path: str) -> Any:
    for part in filter(None, re.split(r"[.\[\]]", path)):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit():
            value = value[int(part)]
    return value


def _fields(kind: Any, path: str) -> list[str]:
    for part in filter(None, path.split(".")):
        hints = {field.name: field.type for field in msgspec.structs.fields(kind)}
        inner = hints.get(part)
        options = getattr(inner, "__args__", (inner,))
        kind = next((o for o in options if isinstance(o, type) and issubclass(o, msgspec.Struct)), kind)
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _kind(value: object) -> str:
    return {str: "text", bool: "true/false", int: "a number", float: "a number", list: "a list"}.get(
        type(value), "another thing"
    )
