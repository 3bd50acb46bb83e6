"""One search, before and after."""
