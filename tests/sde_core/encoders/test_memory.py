"""What an encoder may use of the memory: its batch, its precision, a container's limit."""

import sde_core as sde
from sde_core.encoders import default_batch_size, memory


def test_precision_and_batch_follow_the_free_memory(tiny_encoder_folder, monkeypatch):
    size = sum(4 * p.numel() for p in sde.load_encoder(tiny_encoder_folder).model.parameters())
    for free, precision in ((100 * size, "fp32"), (size // 2, "bf16")):
        monkeypatch.setattr(memory, "free_bytes", lambda device, free=free: free)
        encoder = sde.load_encoder(tiny_encoder_folder)
        assert encoder.precision == precision
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10 * 16 * memory.picture_bytes(encoder))
    assert default_batch_size(encoder) == 8  # 10 fit
    monkeypatch.setattr(memory, "free_bytes", lambda device: 0)
    assert default_batch_size(encoder) == 1


def test_the_widest_layer_of_a_picture_is_measured(tiny_encoder_folder):
    encoder = sde.load_encoder(tiny_encoder_folder)
    # The convolution: (3, 32, 32) in, (32, 2, 2) out, 4 bytes each.
    assert memory.picture_bytes(encoder) == 4 * (3 * 32 * 32 + 32 * 2 * 2)
