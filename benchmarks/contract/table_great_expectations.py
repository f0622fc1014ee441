"""Great Expectations on pandas, its fastest engine within one process: a suite, with the places of what failed."""

from __future__ import annotations

import logging
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

import great_expectations as gx  # noqa: E402 - after it was told to be quiet
import great_expectations.expectations as gxe  # noqa: E402
import pandas as pd  # noqa: E402
import shape  # noqa: E402
from told import Clock  # noqa: E402

RULES = {
    "expect_column_values_to_not_be_null": "missing",
    "expect_column_values_to_be_unique": "repeated",
    "expect_column_values_to_be_between": "range",
    "expect_column_values_to_be_in_set": "label",
}


def expectations(kinds: dict[str, str]) -> list[gxe.Expectation]:
    found = [gxe.ExpectColumnValuesToBeUnique(column=shape.ID)]
    for name in shape.NAMES:
        found.append(gxe.ExpectColumnValuesToBeOfType(column=name, type_=kinds[name]))
        if name not in shape.NULLABLE:
            found.append(gxe.ExpectColumnValuesToNotBeNull(column=name))
    for name, (low, high) in {**shape.INTEGERS, **shape.NUMBERS}.items():
        found.append(gxe.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high))
    for name, labels in shape.CATEGORIES.items():
        found.append(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(labels)))
    return found


def main(path: str) -> None:
    clock = Clock()
    frame = pd.read_parquet(path)
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    suite = context.suites.add(gx.ExpectationSuite(name="table", expectations=expectations(kinds)))
    batches = (
        context.data_sources.add_pandas("pandas")
        .add_dataframe_asset("table")
        .add_batch_definition_whole_dataframe("all")
    )
    checked = gx.ValidationDefinition(name="check", data=batches, suite=suite)
    context.validation_definitions.add(checked)
    answer = checked.run(batch_parameters={"dataframe": frame}, result_format={"result_format": "COMPLETE"})
    counts: dict[str, int] = {}
    places: set[int] = set()
    for each in answer.results:
        if each.success:
            continue
        config = each.expectation_config
        at = each.result.get("unexpected_index_list") or []
        counts[f"{config.kwargs['column']} {RULES.get(config.type, config.type)}"] = each.result.get(
            "unexpected_count", -1
        )
        places.update(at)
    failing = frame.iloc[sorted(places)]
    clock.tell(counts, places, len(failing))


if __name__ == "__main__":
    main(sys.argv[1])
