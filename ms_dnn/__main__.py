"""The command ``ms-dnn``, which is ``python -m ms_dnn``."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # before all else is imported: Ctrl-C is no traceback of an import

from ms_dnn.cli.main import main  # noqa: E402 - the line above must come first

if __name__ == "__main__":
    main()
