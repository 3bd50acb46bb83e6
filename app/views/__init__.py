"""Views: widgets, one call, one chart; nothing is computed here."""
