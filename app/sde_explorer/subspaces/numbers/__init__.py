"""What the Subspaces view computes; no streamlit here."""
