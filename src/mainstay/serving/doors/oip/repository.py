"""Which models are there, which of their versions answer, and whether they are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.serving.doors.oip.datatypes import BYTES
from mainstay.serving.doors.oip.inputs import arm_of, version_number
from mainstay.serving.doors.oip.metadata import PLATFORM, ModelMetadata, metadata_of
from mainstay.serving.refusals import unreleased
from mainstay.serving.replies import Refused
from mainstay.serving.served import champion_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mainstay.serving.lineup import Lineup
    from mainstay.serving.served import Served

EXTENSIONS = ("binary_tensor_data", "model_configuration", "parameters")
"""What is understood beyond the protocol's core, by Triton's names."""


class Entry(msgspec.Struct, frozen=True):
    """One version in the index.

    Parameters
    ----------
    name, version : str
        Which.
    state : {"READY", "UNAVAILABLE"}
        Whether it answers.
    reason : str
        Why not.

    """

    name: str
    version: str
    state: str
    reason: str = ""


class ConfiguredTensor(msgspec.Struct, frozen=True, omit_defaults=True):
    """An input or output in a model's configuration; -1 in `dims` stands for the number of records."""

    name: str
    data_type: str
    dims: tuple[int, ...]
    optional: bool = False


class ModelConfig(msgspec.Struct, frozen=True):
    """A model as Triton configures one; 0 as `max_batch_size`: the records are a dimension of each tensor."""

    name: str
    platform: str
    backend: str
    max_batch_size: int
    input: tuple[ConfiguredTensor, ...]
    output: tuple[ConfiguredTensor, ...]


class Repository:
    """The models of one server, as the protocol asks for them.

    Parameters
    ----------
    models : mapping of str to Served
        By name.

    """

    def __init__(self, models: Mapping[str, Served]) -> None:
        self._models = models

    def model(self, name: str) -> Served:
        """Give a model.

        Raises
        ------
        Refused
            404.

        """
        served = self._models.get(name)
        if served is None:
            raise Refused(
                404, "model", f"There is no model '{name[:80]}' here.", f"Served here: {', '.join(self._models)}."
            )
        return served

    def ready(self) -> bool:
        """Say whether every model is answered."""
        return all(served.ready for served in self._models.values())

    def model_ready(self, name: str, version: str) -> bool:
        """Say whether a model, or the version of it that is named, is answered."""
        served = self.model(name)
        if version and served.lineup is not None:
            arm_of(served.lineup, version_number(version))
        return served.ready

    def metadata(self, name: str, version: str) -> ModelMetadata:
        """Describe a model, or the version of it that is named.

        Raises
        ------
        Refused
            404 where there is none such, 503 where none is released.

        """
        served = self.model(name)
        lineup = served.lineup
        if lineup is None:
            raise unreleased(served)
        arm = arm_of(lineup, version_number(version) if version else None)
        return metadata_of(name, _answering(lineup), arm.bundle.contract, arm.bundle.policy.task)

    def config(self, name: str, version: str) -> ModelConfig:
        """Describe a model in the words of Triton's configuration; refuses as `metadata` does."""
        told = self.metadata(name, version)
        inputs = tuple(
            ConfiguredTensor(
                each.name,
                _data_type(each.datatype),
                each.shape,
                bool(each.parameters and each.parameters.get("optional")),
            )
            for each in told.inputs
        )
        outputs = tuple(ConfiguredTensor(each.name, _data_type(each.datatype), each.shape) for each in told.outputs)
        return ModelConfig(name, PLATFORM, PLATFORM, 0, inputs, outputs)

    def index(self, *, ready: bool) -> list[Entry]:
        """List every version that answers; and, unless only what is `ready` is asked for, what doesn't."""
        found = [entry for name, served in self._models.items() for entry in _entries(name, served)]
        return [entry for entry in found if entry.state == "READY" or not ready]


def _answering(lineup: Lineup) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(arm.version) for arm in (*lineup.arms, *lineup.shadows)))


def _entries(name: str, served: Served) -> Iterator[Entry]:
    lineup = served.lineup
    if lineup is not None:
        for version in _answering(lineup):
            yield (
                Entry(name, version, "READY")
                if served.ready
                else Entry(name, version, "UNAVAILABLE", served.log.trouble)
            )
    if served.refused is not None:
        yield Entry(name, str(champion_of(served.refused)), "UNAVAILABLE", "It is released, but can't be loaded here.")
    elif lineup is None:
        yield Entry(name, "", "UNAVAILABLE", "No version is released yet.")


def _data_type(datatype: str) -> str:
    return "TYPE_STRING" if datatype == BYTES else f"TYPE_{datatype}"
