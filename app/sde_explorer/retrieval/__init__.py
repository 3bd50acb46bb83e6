"""Retrieval: what a treatment changes, measured."""
