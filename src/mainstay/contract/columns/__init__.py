"""The kinds of column, one file each."""

from mainstay.contract.columns.base import Column, Value
from mainstay.contract.columns.boolean import Boolean
from mainstay.contract.columns.category import Category
from mainstay.contract.columns.datetime import Datetime
from mainstay.contract.columns.integer import Integer
from mainstay.contract.columns.number import Number
from mainstay.contract.columns.tensor import Tensor
from mainstay.contract.columns.text import Text

AnyColumn = Integer | Number | Boolean | Category | Text | Datetime | Tensor

__all__ = ["AnyColumn", "Boolean", "Category", "Column", "Datetime", "Integer", "Number", "Tensor", "Text", "Value"]
