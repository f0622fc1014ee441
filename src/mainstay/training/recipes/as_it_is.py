"""A model that learns nothing here: rules that somebody wrote, or a model that was fitted elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.models.adopting import demand_bearing, demand_sound
from mainstay.training.lesson import Learned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.models.candidate import Parameter
    from mainstay.models.columns import Columns
    from mainstay.models.model import Model
    from mainstay.models.task import Task
    from mainstay.training.lesson import Lesson, Recipe


def take_as_it_is(model: Model, task: Task, columns: Columns, parameters: Mapping[str, Parameter]) -> Recipe:
    """Give the recipe that takes a model as it is, once it has answered the training rows as a model must.

    Where it was fitted on these rows, its scores on them are better than they should be; whoever takes it says so
    (`Training.in_sample`).
    """

    def recipe(lesson: Lesson) -> Learned:
        demand_sound(model, lesson.X, task)
        demand_bearing(model, lesson.X, columns)
        return Learned(model, model.scores(lesson.X), {**parameters, "seed": lesson.seed}, as_it_is=True)

    return recipe
