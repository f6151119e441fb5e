"""Sentences that describe a chart or a metric."""
