"""A spectrum from a stream: any chunks, any order of merging, files."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import IncrementalPCA

from sde_core import Spectrum, SpectrumAccumulator, compute_spectrum
from sde_core.errors import ConfigError, DataError
from tests.sde_core.spectra.matrices import CENTERS, EPS, gram_of, gram_tolerance, rebuilt, spread


def test_streaming_agrees_with_incremental_pca():
    x = spread(900, 8, mean=1.0, decay=0.3)
    stream, incremental = SpectrumAccumulator(8), IncrementalPCA(n_components=8)
    for part in np.array_split(x, 7):
        stream.update(part)
        incremental.partial_fit(part)
    whole = compute_spectrum(x, route="svd").singular_values
    np.testing.assert_allclose(stream.spectrum().singular_values, whole, rtol=1e-9)
    np.testing.assert_allclose(incremental.singular_values_, whole, rtol=1e-2)


@st.composite
def chunks(draw):
    """Draw a matrix, its centring, a chunking and a way to merge."""
    m, n = draw(st.integers(1, 60)), draw(st.integers(1, 12))
    mean = draw(st.sampled_from([0.0, 1.0, 100.0]))
    x = spread(m, n, draw(st.integers(0, 99)), mean=mean, rank=draw(st.integers(1, min(m, n))))
    cuts = sorted(draw(st.sets(st.integers(1, m - 1), max_size=6))) if m > 1 else []
    order = draw(st.permutations(range(len(cuts) + 1)))
    return x, draw(st.sampled_from(CENTERS)), np.split(x, cuts), order


class TestStreaming:
    @given(chunks())
    def test_streamed_and_merged_equal_whole_in_any_order(self, drawn):
        x, center, parts, order = drawn
        whole = compute_spectrum(x, center=center, route="svd")
        stream, merged = (SpectrumAccumulator(x.shape[1], center=center) for _ in range(2))
        for i in order:
            stream.update(parts[i])
            merged.merge(SpectrumAccumulator(x.shape[1], center=center).update(parts[i]))
        for found in (stream.spectrum(), merged.spectrum()):
            torch.testing.assert_close(rebuilt(found), rebuilt(whole), rtol=0, atol=gram_tolerance(x))
            assert found.n_samples == whole.n_samples
            if center == "mean":
                # The mean is a sum of m terms.
                atol = len(x) * EPS * float(np.abs(x).max())
                torch.testing.assert_close(found.mean, whole.mean, rtol=0, atol=atol)

    @given(chunks(), st.integers(1, 5))
    def test_the_tree_of_merges_does_not_matter(self, drawn, fan):
        x, center, parts, _ = drawn
        level = [SpectrumAccumulator(x.shape[1], center=center).update(part) for part in parts]
        while len(level) > 1:
            heads = level[:: fan + 1]
            for i, head in enumerate(heads):
                for other in level[i * (fan + 1) + 1 : (i + 1) * (fan + 1)]:
                    head.merge(other)
            level = heads
        assert level[0].count == len(x)
        torch.testing.assert_close(
            rebuilt(level[0].spectrum()), gram_of(x, center), rtol=0, atol=gram_tolerance(x)
        )

    def test_a_chunk_longer_than_a_block_is_added_in_blocks(self, monkeypatch):
        x = spread(50, 4, mean=1.0)
        whole = SpectrumAccumulator(4).update(x)
        monkeypatch.setattr(SpectrumAccumulator, "block_rows", 7)
        parts = SpectrumAccumulator(4).update(x)
        assert parts.count == whole.count == 50
        torch.testing.assert_close(
            parts.spectrum().singular_values, whole.spectrum().singular_values, rtol=1e-13, atol=0
        )

    def test_update_and_merge_return_the_accumulator_and_leave_the_other_alone(self):
        one, other = SpectrumAccumulator(2), SpectrumAccumulator(2)
        assert one.update([[1.0, 2.0]]) is one
        other.update([[3.0, 4.0], [5.0, 7.0]])
        before = other.spectrum().singular_values.clone()
        assert one.merge(other) is one
        one.update([[9.0, 9.0]])
        torch.testing.assert_close(other.spectrum().singular_values, before, rtol=0, atol=0)
        assert (one.count, other.count) == (4, 2)

    def test_a_refused_chunk_changes_nothing(self):
        stream = SpectrumAccumulator(2).update([[1.0, 2.0], [3.0, 5.0]])
        before = stream.spectrum().singular_values.clone()
        for bad in ([[1.0, float("nan")]], [[1.0, 2.0, 3.0]], np.zeros((0, 2))):
            with pytest.raises(DataError):
                stream.update(bad)
        torch.testing.assert_close(stream.spectrum().singular_values, before, rtol=0, atol=0)
        assert stream.count == 2

    def test_no_rows_no_spectrum(self):
        with pytest.raises(DataError, match="must have seen at least one row; got none: call update first"):
            SpectrumAccumulator(2).spectrum()

    def test_accumulators_that_do_not_fit_are_refused(self):
        with pytest.raises(
            DataError, match="other must have n_features=2 and center='mean'; got 3 and 'mean'"
        ):
            SpectrumAccumulator(2).merge(SpectrumAccumulator(3))
        with pytest.raises(DataError, match="got 2 and None"):
            SpectrumAccumulator(2).merge(SpectrumAccumulator(2, center=None))
        with pytest.raises(DataError, match=r"chunk must have 2 columns; got shape \(1, 3\)"):
            SpectrumAccumulator(2).update([[1.0, 2.0, 3.0]])
        with pytest.raises(ConfigError, match="n_features must be at least 1; got 0"):
            SpectrumAccumulator(0)


@pytest.mark.parametrize("center", CENTERS)
class TestFiles:
    def test_a_spectrum_comes_back_bit_for_bit(self, tmp_path, center):
        found = compute_spectrum(spread(30, 5), center=center, route="gram")
        found.save(tmp_path / "s.safetensors")
        again = Spectrum.load(tmp_path / "s.safetensors")
        for name in ("singular_values", "basis", "mean"):
            torch.testing.assert_close(getattr(again, name), getattr(found, name), rtol=0, atol=0)
        for name in ("n_samples", "n_features", "route", "center", "rank"):
            assert getattr(again, name) == getattr(found, name)

    def test_an_accumulator_goes_on_where_it_stopped(self, tmp_path, center):
        x = spread(30, 5)
        stream = SpectrumAccumulator(5, center=center).update(x[:11])
        stream.save(tmp_path / "a.safetensors")
        again = SpectrumAccumulator.load(tmp_path / "a.safetensors").update(x[11:])
        expected = stream.update(x[11:]).spectrum()
        torch.testing.assert_close(again.spectrum().basis, expected.basis, rtol=0, atol=0)
        assert (again.count, again.center, again.n_features) == (30, center, 5)

    def test_another_file_is_refused(self, tmp_path, center):
        path = tmp_path / "a.safetensors"
        SpectrumAccumulator(5, center=center).save(path)
        with pytest.raises(
            DataError, match=r"path must be a file written by Spectrum.save; got .*a.safetensors"
        ):
            Spectrum.load(path)
        path.write_bytes(b"not a file of tensors")
        with pytest.raises(
            DataError, match=r"path must be a file written by SpectrumAccumulator.save; cannot read"
        ):
            SpectrumAccumulator.load(path)
        with pytest.raises(DataError, match="cannot read"):
            Spectrum.load(tmp_path / "missing.safetensors")

    def test_a_failed_write_leaves_the_old_file(self, tmp_path, center):
        found = compute_spectrum(spread(30, 5), center=center)
        (tmp_path / "folder").mkdir()
        with pytest.raises(OSError, match="folder"):
            found.save(tmp_path / "folder")
        assert [p.name for p in tmp_path.iterdir()] == ["folder"]
