"""A file of another tool, known by what it holds and read as a contract."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from mainstay.contract.file import dumps
from mainstay.contract.formats.great_expectations import read_suite
from mainstay.contract.formats.json_schema import read_json_schema
from mainstay.contract.formats.pandera import read_pandera
from mainstay.contract.formats.wanted import Notes
from mainstay.contract.formats.yaml_text import read_yaml
from mainstay.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mainstay.contract.contract import Contract

_LARGEST = 4_000_000
_CURE = "Give a pandera schema (YAML), a JSON Schema of one record, or a suite of Great Expectations (JSON)."
_SCHEMA_WORDS = frozenset({"$schema", "properties", "$ref", "$defs", "definitions", "allOf", "required"})


@dataclass(frozen=True)
class Imported:
    """A contract from another tool.

    Parameters
    ----------
    contract : Contract
        What could be carried over.
    notes : tuple of str
        Every constraint that couldn't, or only differently, one sentence each.
    format : str
        What the file was: ``"JSON Schema"``, ``"pandera"`` or ``"Great Expectations"``.

    """

    contract: Contract
    notes: tuple[str, ...]
    format: str

    def written(self) -> str:
        """Write the contract as a file, the notes as comments above it."""
        notes = "".join(f"# {note}\n" for note in self.notes)
        return f"# From a file of {self.format}.\n{notes}\n{dumps(self.contract)}"


def read_foreign(path: Path) -> Imported:
    """Read a contract another tool wrote; which one is seen from what the file holds.

    Raises
    ------
    ContractError
        Where it can't be read, is none of those known, or contradicts itself.
    SetupError
        Where it is YAML and the extra that reads it isn't installed.

    """
    document = _document(path)
    notes = Notes()
    if "expectations" in document:
        return Imported(read_suite(document, notes), notes.said, "Great Expectations")
    if "columns" in document:
        return Imported(read_pandera(document, notes), notes.said, "pandera")
    if "openapi" in document or "swagger" in document:
        raise ContractError(
            f"{path} describes a whole service.", "Give the JSON Schema of one record, from its components."
        )
    if _SCHEMA_WORDS & document.keys() or document.get("type") in ("object", "array"):
        return Imported(read_json_schema(document, notes), notes.said, "JSON Schema")
    raise ContractError(f"{path} is no schema known here.", _CURE)


def _document(path: Path) -> Mapping[str, object]:
    try:
        if path.stat().st_size > _LARGEST:
            raise ContractError(f"{path} holds more than {_LARGEST // 10**6} MB.", _CURE)
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ContractError(f"{path} can't be read: {error.strerror}.", "Check the path.") from None
    except UnicodeDecodeError:
        raise ContractError(f"{path} isn't UTF-8 text.", _CURE) from None
    parsed = _parsed(text, path)
    if not isinstance(parsed, dict) or not all(isinstance(key, str) for key in parsed):
        raise ContractError(f"{path} holds no mapping.", _CURE)
    return parsed


def _parsed(text: str, path: Path) -> object:
    """Read JSON where it is JSON, and YAML otherwise."""
    try:
        if text.lstrip()[:1] in ("{", "["):
            return json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
        return read_yaml(text)
    except RecursionError:
        raise ContractError(f"{path} is nested too deeply.", _CURE) from None
    except json.JSONDecodeError as error:
        said = f"{path} isn't valid JSON: line {error.lineno}, at character {error.colno}, can't be read."
        raise ContractError(
            said, "Mend it at its source: a comma, quote or bracket is missing there, or one too many."
        ) from None
    except ValueError as error:
        raise ContractError(f"{path} can't be read: {error}.", "Mend it at its source.") from None


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)!r} is there twice")
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
