"""The loss inside other people's trainers: progress by their steps, state beside their checkpoints."""
