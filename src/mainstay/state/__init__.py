"""The books' SQL engine and its migrations; leases: what changes, kept so that two writers can't both win.

::

    open_state(folder)   -> State          one file, SQLite in WAL mode, brought up to date
    State.begin()        -> a write transaction: one writer at a time, all or nothing
    State.read()         -> a read transaction: one moment, never blocked by a writer
    acquire(state, name) -> a fencing token: who may act alone until when
"""

from mainstay.state.engine import State, open_state
from mainstay.state.files import private_folder, sync_file, sync_folder
from mainstay.state.leases import Lease, acquire, controller, lease_of, release
from mainstay.state.schema import SCHEMA
from mainstay.state.times import from_text, to_text

__all__ = [
    "SCHEMA",
    "Lease",
    "State",
    "acquire",
    "controller",
    "from_text",
    "lease_of",
    "open_state",
    "private_folder",
    "release",
    "sync_file",
    "sync_folder",
    "to_text",
]
