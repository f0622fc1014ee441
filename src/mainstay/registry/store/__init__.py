"""Where bundles lie: a folder of this machine, or an object store that several share.

::

    base     Store, Draft     what the registry asks of either
    files    FileStore        store/churn/3/ on this machine's disk
    s3       S3Store          s3://bucket/prefix/churn/3/, with copies on this machine's disk
    objects, fetching         how it speaks to an object store, and how a bundle comes here from it
    staging                   where a bundle is written before it gets its number
    opening  open_store       which of them MAINSTAY_STORE means
"""

from mainstay.registry.store.base import Draft, Lying, Store
from mainstay.registry.store.files import FileStore
from mainstay.registry.store.opening import CACHE, STORE, open_store
from mainstay.registry.store.s3 import S3Store

__all__ = ["CACHE", "STORE", "Draft", "FileStore", "Lying", "S3Store", "Store", "open_store"]
