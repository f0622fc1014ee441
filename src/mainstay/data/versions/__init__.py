"""Versions of data: DVC's own files, written and read without dvc, so that dvc can take them from there.

::

    keep_source, add   a file or folder -> cache, pointer, .gitignore
    restore, bring     a pointer, or an md5 -> the file, out of the cache, compared with its md5
    version_findings   whether a file is what its pointer says
    known_data, ask    which versions were trained on which data

    repository   .dvc, its configuration, and git
    digest       md5 of files and folders, as DVC makes them
    cache        contents under their md5; nothing comes out that isn't what its name says
    pointer      .dvc files, and dvc.lock, which is only read
    blocks       the YAML they are written in
"""

from mainstay.data.versions.keep import Added, Kept, add, keep_source
from mainstay.data.versions.known import Asked, Known, Match, ask, known_data
from mainstay.data.versions.repository import Repository, find_repository, make_repository
from mainstay.data.versions.state import bring, restore, version_findings

__all__ = [
    "Added",
    "Asked",
    "Kept",
    "Known",
    "Match",
    "Repository",
    "add",
    "ask",
    "bring",
    "find_repository",
    "keep_source",
    "known_data",
    "make_repository",
    "restore",
    "version_findings",
]
