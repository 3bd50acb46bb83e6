"""How alike two spaces of the same items are: the field's measures, and what each says beyond chance."""
