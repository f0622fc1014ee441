"""What is never written to the log is no drift, and neither is what nobody's record lacks there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mainstay.contract import Contract
from mainstay.monitoring import MonitoringSettings, look

if TYPE_CHECKING:
    from tests.unit.monitoring.conftest import World

    from mainstay.contract.columns.base import Personal
    from mainstay.events.window import Window
    from mainstay.registry import Bundle

NULL = pl.lit(None, dtype=pl.Float64)


def with_personal(bundle: Bundle, personal: Personal) -> Bundle:
    columns = (
        msgspec.structs.replace(column, personal=personal) if column.name == "price" else column
        for column in bundle.contract.columns
    )
    return replace(bundle, contract=Contract(tuple(columns)))


def failing(window: Window, bundle: Bundle) -> set[str]:
    found = look(window, bundle, MonitoringSettings(), now=window.until)
    return {one.where for one in found if one.where == "price" and (one.ok is not True)}


def test_a_feature_that_is_never_written_is_held_against_nothing(world: World) -> None:
    window = world.window(2000, np.random.default_rng(7))
    emptied = replace(window, frame=window.frame.with_columns(NULL.alias("f:price")))
    assert failing(emptied, world.bundle) == {"price"}
    assert failing(emptied, with_personal(world.bundle, "drop")) == set()


def test_records_about_nobody_say_nothing_of_what_is_sealed(world: World) -> None:
    window = world.window(3000, np.random.default_rng(7))
    known = pl.int_range(pl.len()) % 3 > 0
    frame = window.frame.with_columns(
        pl.when(known).then(pl.lit("f0c9")).alias("entity"), pl.when(known).then("f:price").alias("f:price")
    )
    partly = replace(window, frame=frame)
    assert failing(partly, world.bundle) == {"price"}
    assert failing(partly, with_personal(world.bundle, personal=True)) == set()
