"""Following the release history: what the registry says becomes what this worker serves, also while it is away.

::

    watcher      the threads that read the histories and swap who answers
    teller       the thread that says which release this worker answers by
    shelf        versions loaded and proved once; the last few that left are kept
    known        what this machine serves, kept beside its log for the day the registry is away
    continuity   whether the registry still is the one that said so
    reach        whether it answers, and since when it doesn't
    loading      what threads that load versions must not do at the same time
"""
