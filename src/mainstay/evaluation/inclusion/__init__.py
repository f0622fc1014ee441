"""Inclusion: how groups of people are served, and how far apart they are.

::

    settings    the tolerated gaps
    groups      the group of each held-out row
    measure     each group's rates, and the gaps between them
"""
