"""`python -m kbgate`."""

from kbgate.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
