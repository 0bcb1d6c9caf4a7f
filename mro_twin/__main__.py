"""`python -m mro_twin`, the same as the `mro-twin` command."""

from mro_twin.cli import main

if __name__ == "__main__":
    main()
