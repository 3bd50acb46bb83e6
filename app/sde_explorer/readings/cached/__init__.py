"""Streamlit's caches of what all views read; keys are a content fingerprint and frozen values."""
