"""Numbers in, plotly figure out; no streamlit here."""
