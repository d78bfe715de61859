"""`python3 -m app …`: starts Akiseki on a machine that has nothing but Python.

Outside the project's environment this makes it and starts again inside; inside, it is the program `akiseki`.
"""

import gc
import sys

if sys.version_info < (3, 11):  # before any other import: the rest does not load there
    sys.exit("akiseki: Python 3.11 or newer is needed: start with one, as in `python3.13 -m app`.")

from app import bootstrap


def main() -> None:
    """Run the command of this process's arguments where its packages are."""
    arguments = sys.argv[1:]
    bootstrap.enter(arguments)
    # Nothing that the imports make is garbage: looking for some meanwhile takes a sixth of the start.
    gc.disable()
    from app.cli import main as cli  # noqa: PLC0415  its packages exist only from here on

    gc.freeze()
    gc.enable()
    cli(arguments)


if __name__ == "__main__":
    main()
