"""Sentences that describe a chart."""
