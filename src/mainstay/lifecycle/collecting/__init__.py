"""`admin gc`: what nobody needs any more.

::

    verb      collect: what is needed, what goes
    document  what that prints
"""

from mainstay.lifecycle.collecting.document import collected_document
from mainstay.lifecycle.collecting.verb import Collected, collect

__all__ = ["Collected", "collect", "collected_document"]
