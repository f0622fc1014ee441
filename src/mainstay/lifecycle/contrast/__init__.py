"""What two versions are made of, side by side: data, code, parameters, packages, machine, measures, policy.

::

    values    what was and what is, and the short words for it
    data      fingerprints, columns, and how values are spread
    code      files as unified diffs, the contract both ways
    made      parameters, packages, machine, measures, policy
    document  all of it for a person; what differs comes first
"""

from mainstay.lifecycle.contrast.code import CodeContrast, FileContrast
from mainstay.lifecycle.contrast.data import DataContrast
from mainstay.lifecycle.contrast.document import contrast_blocks, headline
from mainstay.lifecycle.contrast.made import Contrast, contrast
from mainstay.lifecycle.contrast.values import Beside, Changed

__all__ = [
    "Beside",
    "Changed",
    "CodeContrast",
    "Contrast",
    "DataContrast",
    "FileContrast",
    "contrast",
    "contrast_blocks",
    "headline",
]
