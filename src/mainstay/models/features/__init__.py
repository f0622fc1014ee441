"""Feature code: a project's own ``features.py``, the same in training, batch and serving.

::

    features.py -> FeatureCode -> Features     code, what a model sees of it, and the function where it is trusted

Nothing here imports Polars or runs anything; `mainstay.models.features.run` does both, and is loaded where a version
has feature code and nowhere else.
"""

from mainstay.models.features.code import FILE, FeatureCode, read_code
from mainstay.models.features.compiled import FeaturesError
from mainstay.models.features.features import Features, FeaturesRunner, Seen, load_features, seen_by

__all__ = [
    "FILE",
    "FeatureCode",
    "Features",
    "FeaturesError",
    "FeaturesRunner",
    "Seen",
    "load_features",
    "read_code",
    "seen_by",
]
