"""Figures of the Spectrum view: numbers in, plotly figure out."""
