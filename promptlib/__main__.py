"""`python -m promptlib` is the shell command."""

from promptlib.cli import main

if __name__ == "__main__":
    main()
