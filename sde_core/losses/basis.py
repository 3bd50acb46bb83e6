"""Bases and partitions that a loss treats as constants, from one batch or from running Gram matrices."""

from dataclasses import fields
from typing import Any, Self

import torch
from torch import Tensor

from sde_core.losses.config import SDELossConfig
from sde_core.losses.decomposition import decompose, decompose_gram
from sde_core.losses.terms.term import Need, StepConstants
from sde_core.partition import Partition, Rule, partition_spectrum
from sde_core.spectra.spectrum import Spectrum

Pair = tuple[Tensor, Tensor]

# Rules that look at the spectrum alone: checking rows for them at every step would cost more than they do.
_BLIND_RULES = ("mp-iqr", "energy", "gavish-donoho", "screenot", "bema")


class BasisKeeper:
    """Bases of the batch, kept for the calls of a step and for ``refresh_every`` steps."""

    def __init__(self, config: SDELossConfig) -> None:
        self.config = config
        self.grams = RunningGrams(config.basis_memory)
        self._kept: StepConstants | None = None
        self._step = -1

    def constants(self, rows: Pair, *, step: int, is_training: bool) -> StepConstants:
        """Return the constants of ``step``; outside training those of the batch, and nothing is kept.

        Args:
            rows: image and text features, (m, n) each, finite, centred as the config says.
            step: optimiser steps completed.
            is_training: whether to use and keep what was seen before.
        """
        c = self.config
        if not is_training:
            return self._partitions(self._of_batch(rows), rows, is_exact=True)
        is_due = step != self._step and step % c.refresh_every == 0
        if self._kept is not None and not is_due and self._fits(rows):
            return self._kept
        if c.basis_memory > 0:
            fresh = self._partitions(self.grams.update(rows).spectra(self._needed()), rows, is_exact=False)
        else:
            fresh = self._partitions(self._of_batch(rows), rows, is_exact=True)
        # What is kept meets other rows next time.
        self._kept = StepConstants(spectra=fresh.spectra, partitions=fresh.partitions)
        self._step = step
        return fresh

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs: tensors, numbers and text only.

        A basis that outlives its step is part of it, so that what follows is the same to the last bit.
        """
        state = self.grams.state()
        if self.config.refresh_every > 1 and self._kept is not None:
            state["spectra"] = {name: _fields(x) for name, x in self._kept.spectra.items()}
            state["partitions"] = {name: _fields(x) for name, x in self._kept.partitions.items()}
            state["step"] = self._step
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; without a kept basis the next call looks at its batch."""
        self.grams.restore(state)
        self._kept, self._step = None, -1
        if "spectra" in state:
            self._kept = StepConstants(
                spectra={name: Spectrum(**x) for name, x in state["spectra"].items()},
                partitions={name: Partition(**x) for name, x in state["partitions"].items()},
            )
            self._step = int(state["step"])

    def _needed(self) -> tuple[str, ...]:
        each = ("image", "text") if self.config.enhancement is not None else ()
        return (*each, "shared") if self._is_needed("shared") else each

    def _is_needed(self, what: Need) -> bool:
        return any(what in term.needs for term in self.config.terms if term.weight > 0)

    def _fits(self, rows: Pair) -> bool:
        assert self._kept is not None
        return all(s.n_features == rows[0].shape[1] for s in self._kept.spectra.values())

    def _of_batch(self, rows: Pair) -> dict[str, Spectrum]:
        return {name: decompose(_rows_of(name, rows)) for name in self._needed()}

    def _partitions(self, spectra: dict[str, Spectrum], rows: Pair, *, is_exact: bool) -> StepConstants:
        c = self.config
        wanted = [name for name in spectra if name != "shared" or self._is_needed("bands")]
        return StepConstants(
            spectra=spectra,
            partitions={name: _part(spectra[name], c.rule, _rows_of(name, rows), rows) for name in wanted},
            is_exact=is_exact,
        )


class RunningGrams:
    """Gram matrices of both modalities as exponential averages over refreshes.

    The number of samples behind an average is the effective one, (sum w)^2 / sum w^2 over rows, so that
    rules that need a sample count see neither one batch nor the whole past.
    """

    def __init__(self, memory: float) -> None:
        self.memory = memory
        self.image: Tensor | None = None
        self.text: Tensor | None = None
        self.rows = 0.0
        self.rows_squared = 0.0

    def update(self, rows: Pair) -> Self:
        """Add the Gram matrices of a batch (m, n) of each modality and return the state itself."""
        image, text = (x.detach().to(torch.float64) for x in rows)
        gram_image, gram_text = image.T @ image, text.T @ text
        if self.image is None or self.text is None or self.image.shape != gram_image.shape:
            self.image, self.text = torch.zeros_like(gram_image), torch.zeros_like(gram_text)
            self.rows = self.rows_squared = 0.0
        self.image = self.memory * self.image.to(gram_image) + gram_image
        self.text = self.memory * self.text.to(gram_text) + gram_text
        self.rows = self.memory * self.rows + len(image)
        self.rows_squared = self.memory**2 * self.rows_squared + len(image)
        return self

    def spectra(self, names: tuple[str, ...]) -> dict[str, Spectrum]:
        """Return the spectra of what was seen, scaled to the effective number of samples."""
        assert self.image is not None
        assert self.text is not None
        samples = max(1, round(self.rows**2 / self.rows_squared))
        grams = {"image": self.image, "text": self.text, "shared": self.image + self.text}
        counts = {"image": samples, "text": samples, "shared": 2 * samples}
        scale = samples / self.rows
        return {name: decompose_gram(grams[name] * scale, n_samples=counts[name]) for name in names}

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs."""
        return {name: getattr(self, name) for name in ("image", "text", "rows", "rows_squared")}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.image, self.text = state["image"], state["text"]
        self.rows, self.rows_squared = float(state["rows"]), float(state["rows_squared"])


def _fields(value: Spectrum | Partition) -> dict[str, Any]:
    return {f.name: getattr(value, f.name) for f in fields(value)}


def _rows_of(name: str, rows: Pair) -> Tensor:
    return torch.cat(rows) if name == "shared" else rows[0] if name == "image" else rows[1]


def _part(spectrum: Spectrum, rule: str | Rule, rows: Tensor, paired: Pair) -> Partition:
    """Return the partition of ``spectrum``; a spectrum without directions gets an empty one."""
    if spectrum.rank == 0:
        return _empty_partition(spectrum.basis.device, str(rule))
    if rule in _BLIND_RULES:
        return partition_spectrum(spectrum, rule)
    return partition_spectrum(spectrum, rule, rows.detach(), (paired[0].detach(), paired[1].detach()))


def _empty_partition(device: torch.device, rule: str) -> Partition:
    return Partition(
        labels=torch.zeros(0, dtype=torch.int64, device=device),
        tau_strong=0.0,
        tau_noise=0.0,
        noise_scale=None,
        fit_distance=None,
        rule=rule,
        note="The batch has no direction with energy: there is nothing to split.",
    )
