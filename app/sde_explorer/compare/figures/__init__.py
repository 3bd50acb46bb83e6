"""Figures of the Compare view: numbers in, plotly figure out."""
