from .encode import encode_pairs as encode_pairs
from .progress import EncodeProgress as EncodeProgress
