"""How many dimensions and bits of a set may be kept: axes, codes, what they cost in recall, and what is predicted."""
