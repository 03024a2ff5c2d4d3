"""The command ``ms-dnn``, which is ``python -m ms_dnn``."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # before all else is imported: Ctrl-C is no traceback of an import

import gc  # noqa: E402 - the line above must come first

from ms_dnn.cli import main as command_line  # noqa: E402 - likewise


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; see :func:`ms_dnn.cli.main.main`."""
    try:
        command_line.main(arguments)
    finally:
        gc.freeze()  # Python's last collection would take half a second over objects that the system takes back at once


if __name__ == "__main__":
    main()
