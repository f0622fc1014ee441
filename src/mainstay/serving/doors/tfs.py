"""TensorFlow Serving's REST API: ``/v1/models/{name}[/versions/{v}|/labels/{l}]:predict|classify|regress``.

As its documentation describes it (tensorflow.org/tfx/serving/api_rest). A body may call itself a form: so ``curl -d``
sends JSON, and so do its own examples.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.serving.answers import ClassAnswer
from mainstay.serving.arms import pin
from mainstay.serving.doors.context import with_context
from mainstay.serving.doors.door import Asked
from mainstay.serving.doors.envelope import as_sent, demand_few, fields, kind, opened, spelled
from mainstay.serving.doors.flat import columns, flat, sentence
from mainstay.serving.doors.records import from_columns, from_instances
from mainstay.serving.replies import Refused, Reply, json_reply
from mainstay.serving.wire.intake import demand_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contract import RequestDecoder
    from mainstay.models.policy import Policy
    from mainstay.serving.answers import Answer
    from mainstay.serving.call import Call
    from mainstay.serving.lineup import Lineup

Verb = Literal["predict", "classify", "regress"]
SIGNATURES: dict[str, Verb] = {
    "serving_default": "predict",
    "tensorflow/serving/predict": "predict",
    "tensorflow/serving/classify": "classify",
    "tensorflow/serving/regress": "regress",
}
ROLES = {"stable": "champion"} | {role: role for role in ("champion", "canary", "challenger", "shadow")}
"""The labels a version can be called by, and the part in the release each stands for."""
_FORM = b"application/x-www-form-urlencoded"
_PLACE = re.compile(
    r"/v1/models/(?P<name>[^/:]{1,200})(?:/versions/(?P<version>[0-9]{1,18})|/labels/(?P<label>[^/:]{1,100}))?"
    r"(?P<what>:predict|:classify|:regress|/metadata)?"
)


class Place(msgspec.Struct, frozen=True):
    """What an address of this API says.

    Parameters
    ----------
    name : str
        Of the model.
    version : int or None
        The version named.
    label : str or None
        The label named.
    what : str
        ``"predict"``, ``"classify"``, ``"regress"``, ``"metadata"``, or empty for the status.

    """

    name: str
    version: int | None
    label: str | None
    what: str

    @property
    def role(self) -> str | None:
        """The part in the release that the label stands for.

        Raises
        ------
        Refused
            404, where it stands for none.

        """
        if self.label is None:
            return None
        if self.label not in ROLES:
            sentence = f"No version of {self.name} is labelled '{self.label}'."
            raise Refused(404, "label", sentence, f"Labels here: {', '.join(ROLES)}.")
        return ROLES[self.label]


def place_of(path: str) -> Place | None:
    """Read an address; None where it isn't one of this API's.

    Examples
    --------
    >>> place_of("/v1/models/churn/versions/3:predict")
    Place(name='churn', version=3, label=None, what='predict')

    """
    found = _PLACE.fullmatch(path)
    if found is None:
        return None
    version = found["version"]
    what = (found["what"] or "").lstrip(":/")
    return Place(found["name"], None if version is None else int(version), found["label"], what)


class Body(msgspec.Struct):
    """What a request may hold; anything else is passed over, as TensorFlow Serving does."""

    instances: msgspec.Raw = msgspec.Raw(b"")
    inputs: msgspec.Raw = msgspec.Raw(b"")
    examples: msgspec.Raw = msgspec.Raw(b"")
    context: msgspec.Raw = msgspec.Raw(b"")
    signature_name: str | None = None


class TfsAsked(Asked, frozen=True, kw_only=True):
    """What a request asks, and how it wants to be answered.

    Parameters
    ----------
    verb : {"predict", "classify", "regress"}
        The call.
    columnar : bool
        Whether it came as columns, and is answered so.

    """

    verb: Verb
    columnar: bool = False


class Tfs:
    """The calls that answer records."""

    name = "tfs"

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(Body)

    def ask(self, call: Call, lineup: Lineup) -> TfsAsked:
        """Read rows, columns or examples; raises Refused, BodyError or RecordError."""
        if call.head.get(b"content-type") != _FORM:
            demand_json(call.head)
        place = place_of(call.path)
        assert place is not None  # noqa: S101 - this address led here
        role = place.role
        verb: Verb = place.what  # type: ignore[assignment]
        arm = pin(lineup, place.version, role) or lineup.champion
        body = opened(spelled(call.body, arm.decoder), self._decoder, "an object with 'instances' or 'inputs'")
        _demand_signature(body.signature_name, verb)
        _demand_natural(verb, arm.bundle.policy)
        columnar = verb == "predict" and bool(bytes(body.inputs))
        read = _predict_records if verb == "predict" else _example_records
        records = as_sent(read(body, arm.decoder))
        return TfsAsked(body=records, version=place.version, role=role, verb=verb, columnar=columnar)

    def tell(self, asked: Asked, answers: Sequence[Answer], lineup: Lineup) -> Reply:
        """Answer rows with ``predictions``, columns with ``outputs``, examples with ``results``."""
        assert isinstance(asked, TfsAsked)  # noqa: S101 - `ask` made it
        if asked.verb == "classify":
            policy = (pin(lineup, asked.version, asked.role) or lineup.champion).bundle.policy
            return json_reply({"results": [_classes(answer, policy) for answer in answers]})
        if asked.verb == "regress":
            return json_reply({"results": [answer.score for answer in answers]})
        if asked.columnar:
            return json_reply({"outputs": columns(answers)})
        return json_reply({"predictions": [flat(answer) for answer in answers]})

    def refuse(self, refused: Refused, instance: str) -> Reply:
        """Refuse with ``{"error": …}``; a record that is wrong is an invalid argument, 400 here."""
        del instance
        return refuse(refused)


def refuse(refused: Refused) -> Reply:
    """Refuse in this API's words."""
    reply = json_reply({"error": sentence(refused)}, 400 if refused.status == 422 else refused.status)
    return msgspec.structs.replace(reply, headers=(*reply.headers, *refused.headers))


def _predict_records(body: Body, decoder: RequestDecoder) -> bytes:
    rows, columnar = bytes(body.instances), bytes(body.inputs)
    if bool(rows) == bool(columnar):
        held = "both 'instances' and 'inputs'" if rows else "neither 'instances' nor 'inputs'"
        raise Refused(400, "shape", f"The request holds {held}.", "Send one of them: rows, or columns.")
    return from_columns(columnar, decoder, batched=True) if columnar else from_instances(rows, decoder, batched=True)


def _example_records(body: Body, decoder: RequestDecoder) -> bytes:
    examples = bytes(body.examples)
    if not examples:
        raise Refused(400, "shape", "The request holds no 'examples'.", "Send a list of objects by field.")
    if kind(body.context) in (b"", b"n"):
        return from_instances(examples, decoder, "examples", batched=True)
    if kind(body.context) != b"{":
        raise Refused(400, "shape", "'context' isn't an object.", "Send the fields that all examples share.")
    demand_few(body.context, decoder)
    shared = with_context(examples, fields(body.context), decoder)
    return from_instances(shared, decoder, "examples", batched=True)


def _demand_signature(name: str | None, verb: Verb) -> None:
    if not name or SIGNATURES.get(name) == verb or name == "serving_default":
        return
    known = ", ".join(known for known, each in SIGNATURES.items() if each == verb)
    raise Refused(
        400, "signature", f'Serving signature name: "{name[:80]}" not found in signature def.', f"Known: {known}."
    )  # fmt: skip


def _demand_natural(verb: Verb, policy: Policy) -> None:
    amounts = policy.task.kind == "regression"
    if (verb == "classify" and amounts) or (verb == "regress" and not amounts):
        answers = "amounts" if amounts else "labels"
        other = "regress" if amounts else "classify"
        raise Refused(400, "verb", f"This model answers with {answers}; it can't {verb}.", f"Use :predict or :{other}.")


def _classes(answer: Answer, policy: Policy) -> list[tuple[str, float]]:
    if isinstance(answer, ClassAnswer):
        return list(answer.scores.items())
    return [(policy.task.negative, 1.0 - answer.score), (policy.task.positive, answer.score)]
