"""What all figures share: layout, palette, panels."""
