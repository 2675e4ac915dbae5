"""The ``korus`` command where the script of that name is not on the path: ``python -m korus``."""

from korus.cli import main

if __name__ == "__main__":
    main()
