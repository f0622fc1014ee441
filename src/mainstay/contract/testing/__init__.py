"""The law of the contract as a test anyone can run: dice that make contracts and records, and what must hold for each.

Needs Polars; nothing that serves imports it.
"""

from mainstay.contract.testing.cells import Cells, draw_cells
from mainstay.contract.testing.contracts import KINDS, draw_contract
from mainstay.contract.testing.law import LawError, Tally, hold_law

__all__ = ["KINDS", "Cells", "LawError", "Tally", "draw_cells", "draw_contract", "hold_law"]
