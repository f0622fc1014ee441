"""The project file as located tables: read, and point at the wrong line. Each room decodes its own section."""

from mainstay.project.located import Located, read_located
from mainstay.project.project import Project, find_project, open_project
from mainstay.project.sections import Problem, Success

__all__ = ["Located", "Problem", "Project", "Success", "find_project", "open_project", "read_located"]
