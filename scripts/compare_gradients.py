"""Compare the hand-written gradients of an experiment with three other routes: ``ms-dnn check``, as a script.

python scripts/compare_gradients.py [configs/digits.yaml] [--precision float32] [--json] …
"""

import sys
from pathlib import Path

from ms_dnn.cli.main import main

DEFAULT = Path(__file__).resolve().parent.parent / "configs" / "digits.yaml"


def arguments_of(arguments: list[str]) -> list[str]:
    """Return the arguments of ``ms-dnn``, with the digits where no configuration comes first."""
    named = bool(arguments) and not arguments[0].startswith("-")
    return ["check", *([] if named else [str(DEFAULT)]), *arguments]


if __name__ == "__main__":
    main(arguments_of(sys.argv[1:]))
