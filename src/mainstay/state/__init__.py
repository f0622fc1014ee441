"""The books' SQL engine and its migrations; leases: what changes, kept so that two writers can't both win.

::

    open_state(place)    -> State          SQLite in a file, or PostgreSQL where several machines share it; up to date
    State.begin()        -> a write transaction: one writer at a time, all or nothing
    State.read()         -> a read transaction: one moment, never blocked by a writer
    dump(state, folder)  -> every table as JSON lines, which load(state, folder) takes back into either engine
    pack, unpack         one archive of many files, checked whole before anything of it is used
    replace_together     several files replaced as one, whoever is killed
    acquire(state, name) -> a fencing token: who may act alone until when
"""

from mainstay.state.dump import dump, load
from mainstay.state.files import private_folder, replace_file, share_files, sync_file, sync_folder
from mainstay.state.leases import Lease, acquire, controller, lease_of, release
from mainstay.state.moves import Move, finish_moves, replace_together
from mainstay.state.opening import open_late, open_state
from mainstay.state.schema import SCHEMA
from mainstay.state.state import State
from mainstay.state.times import from_text, to_text

__all__ = [
    "SCHEMA",
    "Lease",
    "Move",
    "State",
    "acquire",
    "controller",
    "dump",
    "finish_moves",
    "from_text",
    "lease_of",
    "load",
    "open_late",
    "open_state",
    "private_folder",
    "release",
    "replace_file",
    "replace_together",
    "share_files",
    "sync_file",
    "sync_folder",
    "to_text",
]
