"""Work on shards that add up: in this process, or on the machines of an engine that others keep."""
