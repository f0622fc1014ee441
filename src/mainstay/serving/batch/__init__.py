"""Scoring a file: the same contract, model, policy and log as over HTTP.

Imports Polars; a serving worker never imports this package.
"""

from mainstay.serving.batch.file import Scored, score_file

__all__ = ["Scored", "score_file"]
