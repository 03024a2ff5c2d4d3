"""``python -m ms_dnn`` is the command ``ms-dnn``."""

from ms_dnn.cli.main import main

if __name__ == "__main__":
    main()
