"""Pages for people: to be a member in a browser, and to make things go wrong. Server-made HTML and a little script."""
