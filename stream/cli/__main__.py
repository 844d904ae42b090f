"""`python -m stream.cli` is `understudy`."""

from stream.cli import main

main()
