"""What the Compare view computes; no streamlit here."""
