"""Numbers made visible: one figure per question, drawn the same on the web and in a picture."""
