"""Image-text encoders: the bundled one, any open_clip model, local checkpoints."""

from sde_core.encoders.encoder import Encoder, Precision
from sde_core.encoders.load import load_encoder
from sde_core.encoders.memory import default_batch_size
from sde_core.encoders.resolve import local_encoders

__all__ = ["Encoder", "Precision", "default_batch_size", "load_encoder", "local_encoders"]
