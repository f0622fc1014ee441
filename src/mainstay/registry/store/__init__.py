"""Where bundles lie: a folder of this machine, or an object store that several share.

::

    base     Store, Draft     what the registry asks of either
    files    FileStore        store/churn/3/ on this machine's disk
    staging  where a bundle is written before it gets its number
    opening  open_store       which of them MAINSTAY_STORE means
"""

from mainstay.registry.store.base import Draft, Store
from mainstay.registry.store.files import FileStore
from mainstay.registry.store.opening import CACHE, STORE, open_store

__all__ = ["CACHE", "STORE", "Draft", "FileStore", "Store", "open_store"]
