"""Streamlit's caches of the Subspaces view."""
