"""The queue in front of models that take long: batches without a timer, early refusals, deadlines.

::

    Cost, Patience   what a batch takes, by the pace that was measured before; how long a newcomer may have to wait
    Waiting, Worker  what waits for one version, and a thread that asks its model
    Lane             the queue of one version: takes whatever waits, scores it in one call, hands it back
    Lanes            the lanes of one model: a request through them, until it is answered or refused

What is quick (linear models, trees, small networks) never comes here: it is scored on the event loop, where it arrives.
"""

from mainstay.serving.queueing.lanes import Lanes, queues

__all__ = ["Lanes", "queues"]
