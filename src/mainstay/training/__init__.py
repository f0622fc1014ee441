"""A Snapshot becomes a Candidate: doing nothing first, then the linear baseline, then gradient-boosted trees."""

from mainstay.models.candidate import Candidate, Training
from mainstay.training.folds import Folds, cut_folds
from mainstay.training.settings import TrainingSettings
from mainstay.training.train import train

__all__ = ["Candidate", "Folds", "Training", "TrainingSettings", "cut_folds", "train"]
