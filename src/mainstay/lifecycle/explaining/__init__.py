"""Why: records, files and logged answers.

::

    verb      explain, explain_file, explain_prediction
    document  what that prints
"""

from mainstay.lifecycle.explaining.document import explained_document, replayed_document, write_explained
from mainstay.lifecycle.explaining.verb import Explained, Replayed, explain, explain_file, explain_prediction

__all__ = [
    "Explained",
    "Replayed",
    "explain",
    "explain_file",
    "explain_prediction",
    "explained_document",
    "replayed_document",
    "write_explained",
]
