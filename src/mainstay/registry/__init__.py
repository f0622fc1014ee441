"""Book 1, first half: what was built. Immutable versions, their lineage, verdicts and cards.

::

    Entry  -> Registry.register -> Version     atomic: a folder with a manifest, then a row
    Version -> Registry.load_bundle -> Bundle  every file is compared with its sha256 before one is used

Who answers is the second half, in `mainstay.release`.
"""

from mainstay.registry.bundle import Bundle, read_bundle, write_bundle
from mainstay.registry.card import card_document, card_markdown
from mainstay.registry.entry import Entry
from mainstay.registry.explaining import explain_records
from mainstay.registry.golden import TOLERANCE, Golden, golden_failures, make_golden, tolerance_of
from mainstay.registry.keys import Known, ProjectKeys, PublicKey
from mainstay.registry.lineage import Lineage, LogSpan, capture_lineage
from mainstay.registry.manifest import Manifest, verify
from mainstay.registry.registry import Registry
from mainstay.registry.settings import RegistrySettings
from mainstay.registry.signing import TrustedKeys, signature_fault
from mainstay.registry.trust import Key, trust_brought, trust_code, trust_model, trusted_by
from mainstay.registry.version import Version

__all__ = [
    "TOLERANCE",
    "Bundle",
    "Entry",
    "Golden",
    "Key",
    "Known",
    "Lineage",
    "LogSpan",
    "Manifest",
    "ProjectKeys",
    "PublicKey",
    "Registry",
    "RegistrySettings",
    "TrustedKeys",
    "Version",
    "capture_lineage",
    "card_document",
    "card_markdown",
    "explain_records",
    "golden_failures",
    "make_golden",
    "read_bundle",
    "signature_fault",
    "tolerance_of",
    "trust_brought",
    "trust_code",
    "trust_model",
    "trusted_by",
    "verify",
    "write_bundle",
]
