"""The operator's panel: one code for its pages, its routes of the API and the commands of `herwa admin`."""
