"""Share: take home what the dashboard shows."""
