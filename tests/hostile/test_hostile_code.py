"""No pickle anywhere by default: what could run a file's content stands in the places named here, with the reason."""

from __future__ import annotations

import ast
from pathlib import Path

import mainstay

SOURCE = Path(mainstay.__file__).parent
WATCHED = {"pickle", "cPickle", "_pickle", "joblib", "cloudpickle", "dill", "marshal", "shelve", "yaml"}
BUILTINS = {"eval", "exec", "compile", "__import__"}
ALLOWED = {
    ("models/frameworks/sklearn.py", "pickle"): "a pickle whose SHA-256 is trusted here, demanded a line before",
    ("models/frameworks/sklearn.py", "cloudpickle"): "writes a pickle where one was allowed by hand; reads none",
    ("models/artefacts.py", "joblib"): "a file whose SHA-256 was given by hand",
    ("contract/fast.py", "exec"): "source of our own, in which names stand as literals (see the test of column names)",
    ("contract/formats/yaml_text.py", "yaml"): "PyYAML's safe loader, and less of it",
    ("models/features/compiled.py", "compile"): "feature code whose hash is trusted: the bytes that were hashed",
    ("models/features/compiled.py", "exec"): "the same",
}


def uses(tree: ast.AST) -> set[str]:
    """Name what a file uses of all that could run what it reads."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names} & WATCHED
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").partition(".")[0]} & WATCHED
        elif isinstance(node, ast.Call):
            found |= _called(node)
    return found


def _called(node: ast.Call) -> set[str]:
    found: set[str] = set()
    if isinstance(node.func, ast.Name):
        found |= {node.func.id} & BUILTINS
        if node.func.id == "need" and node.args and isinstance(node.args[0], ast.Constant):
            found |= {str(node.args[0].value).partition(".")[0]} & WATCHED
    elif isinstance(node.func, ast.Attribute):
        whole = ast.unparse(node.func)
        found |= {whole} & {"os.system", "os.popen", "builtins.eval", "builtins.exec", "subprocess.getoutput"}
        if node.func.attr == "load" and any(word.arg == "allow_pickle" for word in node.keywords):
            found.add("allow_pickle")
    if any(word.arg == "shell" for word in node.keywords):
        found.add("shell=")
    return found


def test_what_could_run_a_file_stands_in_the_places_that_are_named() -> None:
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        found |= {(name, what) for what in uses(ast.parse(path.read_text(encoding="utf-8")))}
    assert found == set(ALLOWED)


def test_the_search_finds_what_it_looks_for() -> None:
    for line in (
        "import pickle",
        "from joblib import load",
        "need('cloudpickle', 'x')",
        "eval(x)",
        "os.system(x)",
        "run(x, shell=True)",
        "np.load(x, allow_pickle=True)",
        "import yaml.constructor",
    ):
        assert uses(ast.parse(line)), line
    assert uses(ast.parse("np.load(x)")) == set()
