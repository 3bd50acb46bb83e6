"""Keep how much? Recall over width, axes and code, beside what the spectrum predicts; shown on the Retrieval view."""
