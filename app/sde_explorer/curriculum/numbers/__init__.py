"""What the Curriculum view computes; no streamlit here."""
