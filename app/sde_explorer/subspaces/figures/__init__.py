"""Figures of the Subspaces view: numbers in, plotly figure out."""
