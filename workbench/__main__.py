"""Starts the command line; Ctrl-C ends it without a traceback also while it is being loaded."""

import sys


def main() -> None:
    """Entry point of the `workbench` script, and of `python -m workbench`."""
    try:
        from workbench import cli

        cli.main()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. What was saved before is kept.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
