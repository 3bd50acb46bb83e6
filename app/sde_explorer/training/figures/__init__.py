"""Figures of the Training view: numbers in, plotly figure out."""
