"""Where vectors come from, as far as that is known."""

from dataclasses import dataclass, fields

from sde_core.checks.brief import brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where vectors come from; empty strings where that is not known.

    Attributes:
        pairs: what to hand to `open_pairs` for the images.
        pairs_fingerprint: digest of those files when they were encoded.
        encoder: what to hand to `load_encoder`.
        weights_sha256: digest of the encoder's weights.
        preprocessing: the encoder's own image preprocessing, in words.
        precision: arithmetic of the encoder, such as "fp32".
        versions: packages that matter, such as "open_clip 3.3.0, torch 2.15.0".
        transform: what was done to the vectors after the encoder; "" is nothing.
    """

    pairs: str = ""
    pairs_fingerprint: str = ""
    encoder: str = ""
    weights_sha256: str = ""
    preprocessing: str = ""
    precision: str = ""
    versions: str = ""
    transform: str = ""

    __repr__ = brief

    def as_dict(self) -> dict[str, str]:
        """Return the fields by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}
