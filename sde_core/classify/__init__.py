"""Zero-shot classification and linear probes."""
