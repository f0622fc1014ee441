"""The server as processes: where it listens, its workers, and the parent that replaces whoever dies.

::

    address      where to listen, bound before anything is loaded
    supervisor   one socket, N workers, one parent
    server       one worker: uvicorn around our app, with our own start, drain and clock
    lifeline     how a process notices that whoever started it is gone
    voice        one line to whoever runs the server, and not the same one again and again
"""
