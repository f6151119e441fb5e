"""The `herwa` command line. It starts the process packages by name and imports none of them."""
