"""What the Retrieval view computes; no streamlit here."""
