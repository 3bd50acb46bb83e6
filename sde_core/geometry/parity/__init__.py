"""Whether two matrices hold the same space, and if not, what was done to the second; `verdict` decides."""
