"""A fitted model in the hand: load, predict, explain. `Candidate`, `Report` and `Verdict` live here too.

A serving worker imports this room: nothing here imports the stack a model was trained with.
"""

from mainstay.models.candidate import Candidate, Training
from mainstay.models.load import known_frameworks, load_model, save_model
from mainstay.models.model import Model
from mainstay.models.policy import NEVER, NO_ACTION, Policy
from mainstay.models.report import Contender, Influence, MoneyAt, Report, Verdict
from mainstay.models.task import Task
from mainstay.models.yardstick import Yardstick, choose_yardstick

__all__ = [
    "NEVER",
    "NO_ACTION",
    "Candidate",
    "Contender",
    "Influence",
    "Model",
    "MoneyAt",
    "Policy",
    "Report",
    "Task",
    "Training",
    "Verdict",
    "Yardstick",
    "choose_yardstick",
    "known_frameworks",
    "load_model",
    "save_model",
]
