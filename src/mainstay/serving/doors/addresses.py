"""Where the other protocols are asked: TensorFlow Serving, MLflow and SageMaker, vetiver, Vertex AI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.extras import own_version
from mainstay.serving.doors.describing import describe
from mainstay.serving.doors.invocations import Invocations
from mainstay.serving.doors.mlflow import refuse as refuse_as_mlflow
from mainstay.serving.doors.parquet import ParquetReading
from mainstay.serving.doors.tfs import Tfs, place_of
from mainstay.serving.doors.tfs import refuse as refuse_as_tfs
from mainstay.serving.doors.tfs_pages import page
from mainstay.serving.doors.vertex import Vertex
from mainstay.serving.doors.vetiver import Vetiver, metadata, prototype
from mainstay.serving.refusals import unreleased
from mainstay.serving.replies import Refused, Reply, json_reply
from mainstay.serving.router import ANY, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mainstay.registry import Bundle
    from mainstay.serving.call import Call
    from mainstay.serving.doors.hosts import Hosts
    from mainstay.serving.doors.tfs import Place
    from mainstay.serving.guard import Need
    from mainstay.serving.handler import Handler
    from mainstay.serving.hot import Hot
    from mainstay.serving.openapi import Described
    from mainstay.serving.router import Router
    from mainstay.serving.served import Served

V1 = "/v1/models/"
PLAIN = ((b"content-type", b"text/plain; charset=utf-8"),)


class Refusing(Page):
    """A page that refuses in its protocol's words.

    Parameters
    ----------
    draw : callable
        Draws it.
    words : callable
        Draws a refusal.
    need, model : str
        As of any page.

    """

    def __init__(
        self, draw: Callable[[Call], Reply], words: Callable[[Refused], Reply], need: Need = "read", model: str = ""
    ) -> None:
        super().__init__(draw, need=need, model=model)
        self._words = words

    def refuse(self, call: Call, refused: Refused) -> Reply:
        """Refuse."""
        del call
        return self._words(refused)


class OtherDoors:
    """Finds who answers an address of one of these protocols.

    Parameters
    ----------
    hots : mapping of str to Hot
        The models, by name.
    hosts : Hosts
        What the environment says.
    draining : callable
        Whether the server is on its way out.

    """

    def __init__(self, hots: Mapping[str, Hot], hosts: Hosts, draining: Callable[[], bool]) -> None:
        self._hots = hots
        self._hosts = hosts
        self._draining = draining
        self._version = own_version().encode()
        self._tfs = {name: hot.through(Tfs()) for name, hot in hots.items()}

    def add_to(self, router: Router) -> None:
        """Answer the addresses."""
        for name, hot in self._hots.items():
            self._add_model(router, f"/models/{name}", hot)
            for verb in ("predict", "classify", "regress"):
                router.add(f"{V1}{name}:{verb}", self._tfs[name])
        if len(self._hots) == 1:
            (hot,) = self._hots.values()
            self._add_model(router, "", hot)
            _add_vetiver(router, "", hot.served)
        else:
            router.add("/invocations", Page(self._which, ANY))
        router.add("/ping", Refusing(self._ping, refuse_as_mlflow, "open"))
        router.add("/health", Refusing(self._ping, refuse_as_mlflow, "open"))
        router.add_page("/version", lambda _: Reply(200, self._version, PLAIN))
        router.add_finder(self.find)
        self._add_host(router)

    def describe(self) -> Described:
        """Say which calls are answered, and how."""
        return describe([hot.served for hot in self._hots.values()], self._hosts)

    def find(self, path: str) -> Handler | None:
        """Find who answers an address with a version, a label or a page of TensorFlow Serving's."""
        if not path.startswith(V1):
            return None
        place = place_of(path)
        if place is None or place.name not in self._hots:
            return Page(lambda _: self._no_model(place), ANY)
        if place.what in ("predict", "classify", "regress"):
            return self._tfs[place.name]
        served = self._hots[place.name].served
        return Refusing(lambda _: page(served, place, draining=self._draining()), refuse_as_tfs, model=place.name)

    def _add_model(self, router: Router, at: str, hot: Hot) -> None:
        reading = ParquetReading(hot.served.settings.max_records)
        router.add(f"{at}/invocations", hot.through(Invocations(), reading))
        router.add(f"{at}/vetiver/predict", hot.through(Vetiver()))
        _add_vetiver(router, f"{at}/vetiver", hot.served)

    def _add_host(self, router: Router) -> None:
        if self._hosts.predict:
            (hot,) = self._hots.values()
            router.add(self._hosts.predict, hot.through(Vertex()))
        if self._hosts.health:
            router.add(self._hosts.health, Page(self._ping, need="open"))

    def _ping(self, call: Call) -> Reply:
        """Say whether requests are answered: MLflow and SageMaker look at the status, vetiver at the word."""
        del call
        if self._draining():
            raise Refused(503, "draining", "The server is on its way out.", "Ask another one.")
        if not all(hot.served.ready for hot in self._hots.values()):
            raise Refused(503, "unready", "Not every model can answer now.", "See /readyz for the reason.")
        return json_reply({"ping": "pong"})

    def _which(self, call: Call) -> Reply:
        del call
        places = ", ".join(f"/models/{name}/invocations" for name in self._hots)
        refused = Refused(404, "model", f"{len(self._hots)} models are served here.", f"Ask one of them: {places}.")
        return refuse_as_mlflow(refused)

    def _no_model(self, place: Place | None) -> Reply:
        told = "There is nothing at this address." if place is None else f"There is no model called '{place.name}'."
        return refuse_as_tfs(Refused(404, "model", told, f"Served here: {', '.join(self._hots)}."))


def _add_vetiver(router: Router, at: str, served: Served) -> None:
    router.add_page(f"{at}/prototype", lambda _: json_reply(prototype(_bundle(served))), model=served.name)
    router.add_page(f"{at}/metadata", lambda _: json_reply(metadata(_bundle(served))), model=served.name)


def _bundle(served: Served) -> Bundle:
    if served.lineup is None:
        raise unreleased(served)
    return served.lineup.champion.bundle
