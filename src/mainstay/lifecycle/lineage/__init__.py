"""What a version is made of, and which version a tree holds.

::

    made      what a version is made of
    made_of   which versions are made of something
    pointing  which version this tree's model is, and whether the registry agrees
"""

from mainstay.lifecycle.lineage.made import Made, made, made_blocks
from mainstay.lifecycle.lineage.made_of import MadeOf, made_of, made_of_document
from mainstay.lifecycle.lineage.pointing import agreement_findings, point_to

__all__ = ["Made", "MadeOf", "agreement_findings", "made", "made_blocks", "made_of", "made_of_document", "point_to"]
