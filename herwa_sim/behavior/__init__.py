"""Behavior of the simulated population: profiles, activity, history and live actions."""
