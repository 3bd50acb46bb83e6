from .make import Atlas as Atlas
from .make import make_atlas as make_atlas
from .reading import EncoderReading as EncoderReading
from .reading import KeptRecall as KeptRecall
from .reading import read_encoder as read_encoder
