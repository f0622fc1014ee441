"""`version checkout`: the code and the data of a version, back in a tree.

::

    verb   checkout: read this one first
    files  the code half
    data   the data half
"""

from mainstay.lifecycle.checkout.verb import CheckedOut, checkout, checkout_document

__all__ = ["CheckedOut", "checkout", "checkout_document"]
