"""The commands of the `herwa` program."""
