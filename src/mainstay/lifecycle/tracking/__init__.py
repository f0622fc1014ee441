"""`export mlflow`: MLflow is told of versions and of who answers.

::

    verb     mirror and sync_mlflow: read this one first
    tracked  what it is told
"""

from mainstay.lifecycle.tracking.verb import LATER, SOON, Mirror, Synced, mirror, sync_mlflow, synced_document

__all__ = ["LATER", "SOON", "Mirror", "Synced", "mirror", "sync_mlflow", "synced_document"]
