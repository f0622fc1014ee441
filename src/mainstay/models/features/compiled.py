"""From the bytes of ``features.py``, or other code, to its function; from its exceptions to sentences with a line."""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

from mainstay.errors import DataError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.models.features.code import FeatureCode

NAME = "features"
TEMPLATE = "def features(frame): … return frame."
_RAISE = dis.opmap["RAISE_VARARGS"]


class FeaturesError(DataError):
    """Feature code failed, or gave what it must not give.

    Parameters
    ----------
    message, cure : str
        For people; the message may repeat what a record holds.
    kind : str
        The same without anything of a record: file, line and type of the exception. Few, so that they can be counted.

    """

    def __init__(self, message: str, cure: str = "", *, kind: str = "") -> None:
        super().__init__(message, cure)
        self.kind = kind or message


def compile_code(code: FeatureCode, name: str = NAME, template: str = TEMPLATE) -> Callable[..., Any]:
    """Compile feature code, or other code of a project's own, and give its function.

    The module is made from the very bytes that were hashed, and is in nobody's `sys.modules`.

    Parameters
    ----------
    code : FeatureCode
        The file.
    name : str
        Name of the function.
    template : str
        What to write where it isn't there.

    Raises
    ------
    ProjectError
        Where it isn't Python, fails as it is loaded, or has no function of that name.

    """
    function: Callable[..., Any] | None = getattr(load_module(code, name), name, None)
    if not callable(function):
        raise ProjectError(f"{code.file} has no function '{name}'.", f"Write {template}")
    return function


def load_module(code: FeatureCode, name: str) -> types.ModuleType:
    """Run a file of a project's own, as a module that is called after `name`.

    Raises
    ------
    ProjectError
        Where it isn't Python, or fails as it is loaded.

    """
    place = _place(code)
    module = types.ModuleType(f"mainstay_{name}_{code.sha256[:12]}")
    module.__file__ = place
    vars(module)["print"] = _say  # standard output belongs to whoever asked for JSON
    try:
        text = code.content.decode()
        linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
        exec(compile(code.content, place, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - this is the one place where a project's own code is run, and its hash was asked for
    except UnicodeDecodeError:
        raise ProjectError(f"{code.file} isn't UTF-8 text.", "Save it as UTF-8.") from None
    except SyntaxError as error:
        raise ProjectError(f"{code.file}, line {error.lineno or 1}: {error.msg}.", "Mend that line.") from None
    except BaseException as error:
        if is_ctrl_c(error, code):
            raise
        cure = "It is a single file: it can import what is installed, and nothing of the project's folder."
        raise ProjectError(told(error, code), cure if isinstance(error, ImportError) else "Mend that line.") from None
    return module


def _say(*words: object, **how: Any) -> None:
    """Print as `print` does, but on standard error unless they name a file."""
    print(*words, **{"file": sys.stderr, **how})  # noqa: T201 - it is their print


def told(error: BaseException, code: FeatureCode) -> str:
    """Say what went wrong, with the line of theirs it went wrong in."""
    try:
        said = " ".join(str(error).split())[:300].rstrip(".")
    except Exception:  # noqa: BLE001 - the exception is theirs, and so may be its __str__
        said = ""
    return f"{_kind(error, code)}: {said}." if said else f"{_kind(error, code)}."


def _kind(error: BaseException, code: FeatureCode) -> str:
    """Name file, line and type: nothing of what the exception says, which may be a record's."""
    line, trace, place = 0, error.__traceback__, _place(code)
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == place:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{code.file}, line {line}: {type(error).__name__}" if line else f"{code.file}: {type(error).__name__}"


def failed(error: BaseException, code: FeatureCode) -> FeaturesError:
    """Make the error for an exception of theirs."""
    cure = "Mend that line: it must take every record that the contract accepts."
    return FeaturesError(told(error, code), cure, kind=_kind(error, code))


def is_ctrl_c(error: BaseException, code: FeatureCode) -> bool:
    """Say whether an exception is a person's Ctrl-C, which their code must not swallow, and not one they raised.

    Python delivers it to the main thread alone, between any two instructions; theirs comes out of a `raise`.
    """
    trace = error.__traceback__
    if not isinstance(error, KeyboardInterrupt) or threading.current_thread() is not threading.main_thread():
        return False
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_code.co_filename != _place(code):
        return True
    return trace.tb_frame.f_code.co_code[trace.tb_lasti] != _RAISE


def wants_pandas(function: Callable[[Any], Any], code: FeatureCode) -> bool:
    """Say whether the parameter is annotated as a pandas DataFrame, however the annotation is written."""
    try:
        first = next(iter(inspect.signature(function).parameters.values()))
    except (StopIteration, TypeError, ValueError):
        return False
    kind = first.annotation
    if not isinstance(kind, str):
        return str(getattr(kind, "__module__", "")).split(".")[0] == "pandas"
    name = kind.strip("\"'").split(".")[0]
    return _imported(code).get(name, name).split(".")[0] == "pandas"


def _imported(code: FeatureCode) -> dict[str, str]:
    """Map the names that imports bind, those under TYPE_CHECKING too, to what they stand for."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(code.content)):
        if isinstance(node, ast.Import):
            found |= {(alias.asname or alias.name.split(".")[0]): alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(alias.asname or alias.name): f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imports(code: FeatureCode) -> tuple[str, ...]:
    r"""Name the packages it imports, the standard library left out.

    Examples
    --------
    >>> from mainstay.models.features import FeatureCode
    >>> imports(FeatureCode(b"import math, numpy as np\nfrom scipy.special import expit\n"))
    ('numpy', 'scipy')

    """
    try:
        names = {name.split(".")[0] for name in _imported(code).values()}
    except (SyntaxError, ValueError):
        return ()
    return tuple(sorted(names - sys.stdlib_module_names - {"None"}))


def _place(code: FeatureCode) -> str:
    """Name the file for tracebacks: one name per content, so that two versions are told apart."""
    return f"<{code.file} {code.sha256[:12]}>"
