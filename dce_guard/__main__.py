"""`python -m dce_guard`: the same as the command `dce-guard`."""

from dce_guard.cli.main import main

if __name__ == "__main__":
    main()
