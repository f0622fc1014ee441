"""Worked examples to start a project from: a simulated table whose truth is known, and files that fit its decision.

One file per simulator (`churn`, `fraud`, `credit`, `demand`: the formula is in its docstring), one folder below
``files/`` for what a person reads. A new template is such a pair, and a line in `mainstay.data.templates.catalogue`.
"""

from mainstay.data.templates.catalogue import TEMPLATES, Template, find_template, write_template

__all__ = ["TEMPLATES", "Template", "find_template", "write_template"]
