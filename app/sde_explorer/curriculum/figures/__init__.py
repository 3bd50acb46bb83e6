"""Figures of the Curriculum view: numbers in, plotly figure out."""
