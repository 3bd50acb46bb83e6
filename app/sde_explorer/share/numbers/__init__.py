"""What the Share view computes; no streamlit here."""
