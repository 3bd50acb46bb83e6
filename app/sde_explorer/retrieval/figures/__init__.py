"""Figures of the Retrieval view: numbers in, plotly figure out."""
