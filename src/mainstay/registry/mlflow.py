"""`Tracker`: what an MLflow server is told of versions, through MLflow's own client.

Nothing here is needed to train or to serve. MLflow is imported where a server is named, by MLFLOW_TRACKING_URI.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from mainstay.errors import StoreError
from mainstay.extras import need
from mainstay.models.mlflow import cause_of, quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")
ADDRESS = "MLFLOW_TRACKING_URI"
DIGEST, VERSION, VERDICT = "mainstay.digest", "mainstay.version", "mainstay.verdict"
"""The tags that tell which version is which, here and there."""
MODEL = "model"
"""Where the bundle lies among a run's artifacts."""
_QUIET = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # by itself it tries for minutes; here the next time is soon enough
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
}
_TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
_ODD = re.compile(r"[^\w.\- :]")  # what names of parameters and measures can't hold
_NAME, _VALUE, _SHORT = 250, 6000, 36
_ALL_AT_ONCE = 100


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """The rows a version was trained on, as MLflow's pages show a data set.

    Parameters
    ----------
    name, digest, source : str
        What it is called, its fingerprint, where it came from (no password).
    rows : int
        How many.

    """

    name: str
    digest: str
    source: str
    rows: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What MLflow is told of a version: a run, and a registered version of the model.

    Parameters
    ----------
    number : int
        Ours; MLflow counts its own.
    digest : str
        Of the bundle: what it is known by.
    started, ended : datetime
        Of the training, UTC.
    by : str
        Who made it.
    commit : str
        Of git; empty where there is none.
    parameters : dict
        What it was made with.
    measures : dict
        What was measured.
    tags : dict
        Whatever else may be searched by.
    data : Data
        What it was made of.
    folder : Path
        The bundle.
    pages : dict of str to bytes
        Further artifacts, by their names.
    verdict : str
        ``"pass"``, ``"fail"`` or ``"not judged"``.

    """

    number: int
    digest: str
    started: dt.datetime
    ended: dt.datetime
    by: str
    commit: str
    parameters: dict[str, str]
    measures: dict[str, float]
    tags: dict[str, str]
    data: Data
    folder: Path
    pages: dict[str, bytes]
    verdict: str


class Mirrored(msgspec.Struct, frozen=True):
    """A version as MLflow has it: its number there, and what its verdict is said to be."""

    number: str
    verdict: str


class TrackingError(StoreError):
    """MLflow couldn't be told, or wouldn't listen; nothing of ours depends on it."""


class Tracker:
    """One model on an MLflow server.

    Parameters
    ----------
    address : str
        Of the server, or its database, as MLFLOW_TRACKING_URI says it.
    model : str
        Name of the model, and of the experiment.
    demand_time : callable
        Called before each request; raises where there is no more time.

    Raises
    ------
    SetupError
        Where MLflow isn't installed.

    """

    def __init__(self, address: str, model: str, demand_time: Callable[[], None] = lambda: None) -> None:
        self.address = address
        self.model = model
        self._demand_time = demand_time
        quiet()
        self._entities = need("mlflow.entities", "Telling MLflow", "mlflow")
        self._client = need("mlflow.tracking", "Telling MLflow", "mlflow").MlflowClient(tracking_uri=address)

    def versions(self) -> dict[str, Mirrored]:
        """Give the versions that MLflow has from us, by the digests of their bundles."""
        found: dict[str, Mirrored] = {}
        token = None
        while True:
            page = self._ask(
                self._client.search_model_versions,
                f"name='{self.model}'",
                max_results=1000,
                page_token=token,
            )
            for each in page:
                if digest := each.tags.get(DIGEST):
                    found.setdefault(digest, Mirrored(str(each.version), each.tags.get(VERDICT, "")))
            token = page.token
            if not token:
                return found

    def add(self, told: Told) -> str:
        """Tell of a version: its run, its artifacts, and then the version; what an earlier try left is gone on with.

        Returns
        -------
        str
            The number that MLflow gives it.

        """
        run = self._run(told)
        name, log = run.info.run_id, self._client
        self._log(name, told)
        self._ask(log.log_inputs, name, [self._dataset(told.data)])
        with tempfile.TemporaryDirectory() as kept:
            for file, content in told.pages.items():
                (Path(kept) / file).write_bytes(content)
                self._ask(log.log_artifact, name, str(Path(kept) / file))
        for path in sorted(path for path in told.folder.rglob("*") if path.is_file()):
            place = (Path(MODEL) / path.relative_to(told.folder).parent).as_posix()
            self._ask(log.log_artifact, name, str(path), place)
        self._ask(log.set_terminated, name, end_time=_milliseconds(told.ended))
        return self._version(run, told)

    def say_verdict(self, number: str, verdict: str) -> None:
        """Keep what the gates say of a version equal."""
        self._ask(self._client.set_model_version_tag, self.model, number, VERDICT, verdict)

    def keep_aliases(self, wanted: Mapping[str, str | None]) -> tuple[str, ...]:
        """Let each alias name the version it ought to, or none; gives those that were changed."""
        known = self._aliases() if self._is_there() else {}
        changed = []
        for alias, number in wanted.items():
            if known.get(alias) == number:
                continue
            if number is None:
                self._ask(self._client.delete_registered_model_alias, self.model, alias)
            else:
                self._ask(self._client.set_registered_model_alias, self.model, alias, number)
            changed.append(alias)
        return tuple(changed)

    def _is_there(self) -> bool:
        return bool(self._ask(self._client.search_registered_models, f"name='{self.model}'"))

    def _aliases(self) -> dict[str, str]:
        found = self._ask(self._client.get_registered_model, self.model)
        return {alias: str(number) for alias, number in found.aliases.items()}

    def _run(self, told: Told) -> Any:
        experiment = self._experiment()
        found = self._ask(self._client.search_runs, [experiment], f"tags.`{DIGEST}` = '{told.digest}'", max_results=1)
        if found:
            return found[0]
        tags = {
            **told.tags,
            DIGEST: told.digest,
            VERSION: str(told.number),
            "mlflow.user": told.by,
            "mlflow.source.name": "mainstay",
            "mlflow.source.type": "LOCAL",
            **({"mlflow.source.git.commit": told.commit} if told.commit else {}),
        }
        title = f"{self.model} version {told.number}"
        return self._ask(self._client.create_run, experiment, _milliseconds(told.started), tags, title)

    def _experiment(self) -> str:
        found = self._ask(self._client.get_experiment_by_name, self.model)
        if found is None:
            return str(self._ask(self._client.create_experiment, self.model))
        if found.lifecycle_stage == "deleted":
            raise TrackingError(
                f"MLflow's experiment {self.model} was deleted there.",
                f"Restore it: mlflow experiments restore --experiment-id {found.experiment_id}",
            )
        return str(found.experiment_id)

    def _log(self, run: str, told: Told) -> None:
        when = _milliseconds(told.ended)  # not now: what is told twice is then the same
        params = [self._entities.Param(named(key), value[:_VALUE]) for key, value in told.parameters.items()]
        metrics = [self._entities.Metric(named(key), value, when, 0) for key, value in told.measures.items()]
        for start in range(0, max(len(params), len(metrics)), _ALL_AT_ONCE):
            part = slice(start, start + _ALL_AT_ONCE)
            self._ask(self._client.log_batch, run, metrics[part], params[part], synchronous=True)

    def _dataset(self, data: Data) -> Any:
        dataset = self._entities.Dataset(
            name=data.name[:500],
            digest=data.digest[:_SHORT] or "unknown",
            source_type="mainstay",
            source=msgspec.json.encode({"uri": data.source}).decode(),
            profile=msgspec.json.encode({"num_rows": data.rows}).decode(),
        )
        context = self._entities.InputTag("mlflow.data.context", "training")
        return self._entities.DatasetInput(dataset, [context])

    def _version(self, run: Any, told: Told) -> str:
        if not self._is_there():
            self._ask(self._client.create_registered_model, self.model)
        made = self._ask(
            self._client.create_model_version,
            self.model,
            f"{run.info.artifact_uri}/{MODEL}",
            run_id=run.info.run_id,
            tags={DIGEST: told.digest, VERSION: str(told.number), VERDICT: told.verdict},
            await_creation_for=0,
        )
        return str(made.version)

    def _ask(self, call: Callable[..., T], *words: Any, **more: Any) -> T:
        """Call MLflow; whatever it raises becomes one sentence."""
        self._demand_time()
        try:
            return call(*words, **more)
        except Exception as error:  # noqa: BLE001 - MLflow, its stores and what they stand on raise what they like
            raise TrackingError(
                f"MLflow at {shown(self.address)} can't be told: {_why(error, self.address)}.",
                "Nothing here depends on it; what it lacks is told the next time, or by mainstay export mlflow.",
            ) from None


@contextmanager
def quietly(seconds: int) -> Iterator[None]:
    """Let MLflow's client wait so long for an answer, try once, and print nothing.

    What the environment says of it already stays as it is.
    """
    before = {name: os.environ.get(name) for name in (*_QUIET, _TIMEOUT)}
    for name, value in (*_QUIET.items(), (_TIMEOUT, str(seconds))):
        os.environ.setdefault(name, value)
    try:
        yield
    finally:
        for name, earlier in before.items():
            if earlier is None:
                os.environ.pop(name, None)


def shown(address: str) -> str:
    """Show an address without who asks and by which password.

    Examples
    --------
    >>> shown("https://me:secret@mlflow.example/team?token=1")
    'https://mlflow.example/team'

    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.scheme else address


def named(text: str) -> str:
    """Spell a name as MLflow lets parameters and measures be called.

    Examples
    --------
    >>> named("money [EUR] / 1 000")
    'money _EUR_ _ 1 000'

    """
    return _ODD.sub("_", text)[:_NAME]


def _why(error: Exception, address: str) -> str:
    words = cause_of(error)
    user, _, password = urlsplit(address).netloc.rpartition("@")[0].partition(":")
    for secret in {address, unquote(password), password, user} - {""}:
        words = words.replace(secret, shown(address) if secret == address else "***")
    return words[:300].rstrip(".") or type(error).__name__


def _milliseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp() * 1000)
