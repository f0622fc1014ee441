"""`python -m mainstay`: the command line."""

from mainstay.cli import main

main()
