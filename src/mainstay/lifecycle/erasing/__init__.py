"""`events erase`: a person leaves everything this machine's books hold, and that is proved.

::

    verb      erase: read this one first
    copies    other copies of a person below the books: refused rows, stored profiles
    document  what it prints
"""

from mainstay.lifecycle.erasing.document import erased_document
from mainstay.lifecycle.erasing.verb import Erased, erase

__all__ = ["Erased", "erase", "erased_document"]
