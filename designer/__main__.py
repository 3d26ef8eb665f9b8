"""`python -m designer` is the command line."""

from designer.cli import main

if __name__ == "__main__":
    main()
