"""A DVC repository: where it starts, where its cache lies, and how a fresh one is made, as ``dvc init`` does it."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from mainstay.data.quarantine import write_whole
from mainstay.errors import DataError
from mainstay.registry.git import ask_git

_IGNORED = "/config.local\n/tmp\n/cache\n"
_WITHOUT_GIT = "[core]\n    no_scm = True\n"
_DVCIGNORE = (
    "# Add patterns of files dvc should ignore, which could improve\n"
    "# the performance. Learn more at\n"
    "# https://dvc.org/doc/user-guide/dvcignore\n"
)
_SECTION = re.compile(r"""\[+\s*['"]?(.*?)['"]?\s*\]+""")
_WILD = re.compile(r"([\[\]!*#?\\])")


@dataclass(frozen=True)
class Repository:
    """A DVC repository.

    Parameters
    ----------
    root : Path
        The folder that holds ``.dvc``.
    cache : Path
        Its cache: ``.dvc/cache`` unless ``cache.dir`` says otherwise.
    git : bool
        Whether it lives in git; False where ``core.no_scm`` is set.
    shared : bool
        Whether a group shares the cache (``cache.shared = group``): its folders are writable for the group.

    """

    root: Path
    cache: Path
    git: bool = True
    shared: bool = False

    def entry(self, md5: str, *, old: bool = False) -> Path:
        """Name the cache's file for a digest; `old`: where DVC 2 put it."""
        base = self.cache if old else self.cache / "files" / "md5"
        return base / md5[:2] / md5[2:]

    def shown(self, path: Path) -> str:
        """Write a path as a person in the repository would."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    @property
    def picky(self) -> bool:
        """Whether ``.dvcignore`` holds patterns, so that what belongs to a folder is for dvc to say."""
        try:
            lines = (self.root / ".dvcignore").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return False
        return any(line.strip() and not line.startswith("#") for line in lines)


def find_repository(start: Path) -> Repository | None:
    """Find the DVC repository a folder lies in: the nearest ``.dvc`` at or above it; None where there is none.

    Raises
    ------
    DataError
        Where its configuration can't be read, or keeps the cache where only dvc can go.

    """
    root = next((folder for folder in (start, *start.parents) if (folder / ".dvc").is_dir()), None)
    return None if root is None else _opened(root)


def make_repository(root: Path) -> Repository:
    """Make `root` a DVC repository, with the files ``dvc init`` makes (``--no-scm`` where there is no git).

    Raises
    ------
    DataError
        Where the folder can't be written.

    """
    git = git_root(root) is not None
    if git:
        write_whole(root / ".dvc" / ".gitignore", _IGNORED.encode())
    if not (root / ".dvcignore").exists():
        write_whole(root / ".dvcignore", _DVCIGNORE.encode())
    write_whole(root / ".dvc" / "config", b"" if git else _WITHOUT_GIT.encode())
    return _opened(root)


def git_root(start: Path) -> Path | None:
    """Find the folder that holds ``.git``, at or above `start`."""
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)


def git_ignores(path: Path) -> bool:
    """Ask git whether it ignores a path; False where there is no git to ask."""
    return bool(ask_git(path.parent, "check-ignore", "--", path.name))


def git_has(path: Path) -> bool:
    """Ask git whether it tracks a path, or anything in it, itself."""
    return bool(ask_git(path.parent, "ls-files", "--", path.name))


def keep_out_of_git(path: Path) -> Path | None:
    """Add a path to its folder's ``.gitignore`` as dvc does; returns the file where it was changed."""
    if git_ignores(path):
        return None
    file = path.parent / ".gitignore"
    line = "/" + _WILD.sub(r"\\\1", path.name)
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{file} can't be read as text.", f"Mend it, or add the line {line} yourself.") from None
    if line in before.splitlines():
        return None
    gap = "" if not before or before.endswith("\n") else "\n"
    write_whole(file, f"{before}{gap}{line}\n".encode())
    return file


def _opened(root: Path) -> Repository:
    said: dict[tuple[str, str], tuple[str, Path]] = {}
    for file in (*_machine_files(), root / ".dvc" / "config", root / ".dvc" / "config.local"):
        said |= {key: (value, file) for key, value in _settings(file).items()}
    cache = root / ".dvc" / "cache"
    if ("cache", "dir") in said:
        text, file = said["cache", "dir"]
        if re.match(r"\w+://", text):
            raise DataError(f"{file} keeps the cache at {text}, which mainstay can't reach.", "Let dvc fetch the data.")
        cache = Path(os.path.normpath(file.parent / Path(text).expanduser()))
    no_scm = said.get(("core", "no_scm"), ("", root))[0].lower() == "true"
    shared = said.get(("cache", "shared"), ("", root))[0].lower() == "group"
    return Repository(root, cache, not no_scm and git_root(root) is not None, shared)


def _machine_files() -> tuple[Path, Path]:
    """Name the configuration of this machine and of this user, the weaker first."""
    home = Path.home()
    if sys.platform == "darwin":
        system, user = Path("/Library/Application Support"), home / "Library" / "Application Support"
    else:
        system = Path(os.environ.get("XDG_CONFIG_DIRS", "").split(":")[0] or "/etc/xdg")
        user = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    of_machine = Path(os.environ.get("DVC_SYSTEM_CONFIG_DIR") or system / "dvc")
    of_user = Path(os.environ.get("DVC_GLOBAL_CONFIG_DIR") or user / "dvc")
    return of_machine / "config", of_user / "config"


def _settings(file: Path) -> dict[tuple[str, str], str]:
    """Read a configuration file of DVC: sections and ``key = value``."""
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"DVC's configuration {file} can't be read: {error}.", "Mend it.") from None
    found: dict[tuple[str, str], str] = {}
    section = ""
    for line in text.splitlines():
        said = line.strip()
        if header := _SECTION.fullmatch(said.split(" #")[0].rstrip()):
            section = header[1].strip().lower()
        elif "=" in said and not said.startswith("#"):
            key, _, value = said.partition("=")
            found[section, key.strip().lower()] = _bare(value.strip())
    return found


def _bare(value: str) -> str:
    quoted = re.match(r"""(["'])(.*?)\1""", value)
    return quoted[2] if quoted else value.split(" #", maxsplit=1)[0].rstrip()
