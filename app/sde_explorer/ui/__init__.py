"""Widgets and words that all views share."""
