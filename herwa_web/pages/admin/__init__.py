"""The pages of the operator's panel. `herwa_web/panel.py` hides the handlers of all states in this package."""
