"""What the Compare view keeps of two sets."""
