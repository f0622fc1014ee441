"""pydantic: each row as a model, strictly, a row group of the file at a time."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Annotated, Literal

import pyarrow.parquet as pq
import shape
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from told import Clock

RULES = {"greater_than_equal": "range", "less_than_equal": "range", "literal_error": "label"}


def model() -> type[BaseModel]:
    fields: dict[str, object] = {shape.ID: (str, ...)}
    fields |= {name: (Annotated[int, Field(ge=low, le=high)], ...) for name, (low, high) in shape.INTEGERS.items()}
    for name, (low, high) in shape.NUMBERS.items():
        kind = Annotated[float, Field(ge=low, le=high)]
        fields[name] = (kind | None if name in shape.NULLABLE else kind, ...)
    fields |= dict.fromkeys(shape.BOOLEANS, (bool, ...))
    fields |= {name: (Literal[labels], ...) for name, labels in shape.CATEGORIES.items()}
    return create_model("Row", __config__=ConfigDict(strict=True), **fields)


def main(path: str) -> None:
    clock = Clock()
    check = model().__pydantic_validator__.validate_python
    counts: Counter[str] = Counter()
    failing: dict[int, dict[str, object]] = {}
    seen: set[str] = set()
    place = -1
    for batch in pq.ParquetFile(path).iter_batches(65_536):
        for row in batch.to_pylist():
            place += 1
            try:
                check(row)
            except ValidationError as error:
                failing[place] = row
                for each in error.errors(include_url=False):
                    kind = "missing" if each["input"] is None else RULES.get(each["type"], each["type"])
                    counts[f"{each['loc'][0]} {kind}"] += 1
            if row[shape.ID] in seen:
                failing[place] = row
                counts[f"{shape.ID} repeated"] += 1
            seen.add(row[shape.ID])
    clock.tell(counts, failing, len(failing))


if __name__ == "__main__":
    main(sys.argv[1])
