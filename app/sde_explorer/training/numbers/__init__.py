"""What the Training view computes; no streamlit here."""
