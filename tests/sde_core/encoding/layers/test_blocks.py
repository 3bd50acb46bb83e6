"""Which modules are the layers of a tower, and one vector of each."""

import pytest
import torch
from torch import nn

from sde_core.encoders import load_encoder
from sde_core.encoding.layers.blocks import pooled, real_places, tower_of
from sde_core.errors import EncoderError
from sde_core.vocabulary import Modality


def test_a_vision_transformer_and_a_text_transformer_have_one_layer_a_block(tiny_encoder_folder):
    encoder = load_encoder(str(tiny_encoder_folder))
    image, text = (tower_of(encoder, side) for side in (Modality.IMAGE, Modality.TEXT))
    assert image.names == ("visual.transformer.resblocks.0", "output")
    assert text.names == ("transformer.resblocks.0", "output")
    assert image.widths == text.widths == (32, 16)


class _Block(nn.Module):
    def __init__(self, width, wide):
        super().__init__()
        self.inner = nn.Sequential(
            nn.Sequential(nn.Linear(width, wide)), nn.Sequential(nn.Linear(wide, wide))
        )

    def forward(self, x):
        return self.inner(x), None


class _Model(nn.Module):
    """Rows of tokens first, as older towers have them; blocks in blocks; a list that never runs."""

    def __init__(self):
        super().__init__()
        self.visual = nn.Sequential(_Block(3, 5), _Block(5, 6))
        self.unused = nn.ModuleList([_Block(3, 3)])
        self.project = nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 4))

    def encode_image(self, x):
        rows = x.flatten(2).permute(2, 0, 1)  # (t, n, 3)
        for block in self.visual:
            rows = block(rows)[0]
        return self.project(rows.mean(0))

    encode_text = None


def _encoder(model):
    from sde_core.encoders import Encoder

    picture = torch.arange(12.0).reshape(3, 2, 2)
    return Encoder(
        name="own", model=model.eval(), preprocess=lambda _: picture, device=torch.device("cpu"), precision="fp32",
        tokenizer=lambda texts: torch.zeros(len(texts), 4),
    )  # fmt: skip


def test_layers_are_the_outermost_blocks_that_run_whatever_their_axes():
    from sde_core.encoding.layers.blocks import layer_vectors

    encoder = _encoder(_Model())
    tower = tower_of(encoder, Modality.IMAGE)
    assert (tower.names, tower.widths) == (("visual.0", "visual.1", "output"), (5, 6, 4))
    assert tower.batch_axes == (1, 1, 0)
    pictures = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(0))  # as many as tokens
    found = layer_vectors(encoder, tower, pictures)
    alone = [layer_vectors(encoder, tower, one[None]) for one in pictures]
    for number, layer in enumerate(found):
        torch.testing.assert_close(layer, torch.cat([each[number] for each in alone]))


def test_a_model_without_lists_of_blocks_is_refused():
    class Plain(nn.Module):
        def encode_image(self, x):
            return x.flatten(1)

    with pytest.raises(EncoderError, match="its image tower has none"):
        tower_of(_encoder(Plain()), Modality.IMAGE)


def test_padding_at_the_end_of_a_caption_counts_for_nothing():
    tokens = torch.tensor([[9, 5, 8, 0, 0, 0], [9, 5, 6, 7, 4, 8], [9, 8, 0, 0, 0, 0]])
    real = real_places(tokens, Modality.TEXT)
    assert real.sum(1).tolist() == [3, 6, 2]
    made = torch.arange(18.0).reshape(3, 6, 1)
    assert pooled(made, 0, real).flatten().tolist() == [1.0, 8.5, 12.5]
    more = torch.cat([made, torch.full((3, 1, 1), 100.0)], dim=1)  # a class token behind, as CoCa has it
    assert pooled(more, 0, real).flatten().tolist() == [25.75, pytest.approx(151 / 7), pytest.approx(125 / 3)]
    masked = torch.stack([tokens, (tokens > 4).long()], dim=-1)
    assert real_places(masked, Modality.TEXT).sum(1).tolist() == [3, 5, 2]


def test_maps_are_averaged_over_their_places_wherever_the_features_stand():
    made = torch.randn(2, 7, 3, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(pooled(made, 0), made.mean((2, 3)))
    torch.testing.assert_close(pooled(made.permute(0, 2, 3, 1), 0), made.mean((2, 3)))
