"""Why an answer is what it is: parts per feature that add up to the score, and reasons in words.

One file per way::

    additive     what a model that is a sum says of its terms: linear models, trees (exact)
    lightgbm     trees by the library, and one row of them by `tables` over their `leaves`; xgboost, catboost
    sampling     Shapley values by sampling orders, with standard errors and a time box (everything else)
    kernel       Kernel SHAP, by the shap package
    lime         LIME, by the lime package
    ways         all of them to the same `Found`

Around them: `subject` and `players` (what is explained), `background` (what a record is compared with), `explainer`
(which way for which model), `explanation` (the result), `naming` and `reasons` (the words), `document` (the page).

The law: base, parts and rest add up to the score on its scale.
"""

from mainstay.models.explain.additive import Additive, Exact, exponential, identity, logistic, softmax
from mainstay.models.explain.background import draw_background
from mainstay.models.explain.document import explanation_document
from mainstay.models.explain.explainer import Explainer
from mainstay.models.explain.explanation import METHODS, TOLERANCE, Explanation, Method, Part, Reason
from mainstay.models.explain.players import Player, players_of
from mainstay.models.explain.subject import Subject, encode_values, subject_of

__all__ = [
    "METHODS",
    "TOLERANCE",
    "Additive",
    "Exact",
    "Explainer",
    "Explanation",
    "Method",
    "Part",
    "Player",
    "Reason",
    "Subject",
    "draw_background",
    "encode_values",
    "explanation_document",
    "exponential",
    "identity",
    "logistic",
    "players_of",
    "softmax",
    "subject_of",
]
