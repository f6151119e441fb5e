"""`python -m herwa` is `herwa`."""

from herwa.cli import main

main()
