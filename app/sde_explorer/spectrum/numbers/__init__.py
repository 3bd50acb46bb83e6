"""What the Spectrum view computes; no streamlit here."""
