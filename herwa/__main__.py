"""`python -m herwa` runs the `herwa` command."""

from herwa.cli import main

main()
