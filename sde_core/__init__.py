"""SDE Explorer: look inside the embedding spaces of image-text models.

Every name below is imported when it is first used, so that ``import sde_core`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# name -> module that defines it; tests hold this map, the imports below and __all__ equal.
_HOME = {
    "SDEError": "errors",
    "DataError": "errors",
    "EncoderError": "errors",
    "ConfigError": "errors",
    "Spectrum": "spectrum",
    "SpectrumAccumulator": "spectrum",
    "compute_spectrum": "spectrum",
    "CrossSpectrum": "cross_spectrum",
    "CrossSpectrumAccumulator": "cross_spectrum",
    "compute_cross_spectrum": "cross_spectrum",
    "compute_joint_spectrum": "cross_spectrum",
    "EmbeddingFacts": "embedding_formats",
    "describe_embeddings": "embedding_formats",
    "open_embeddings": "embedding_formats",
    "shuffled_column_spectra": "null_spectra",
    "shuffled_pair_spectra": "null_spectra",
    "resampled_spectra": "null_spectra",
    "EmbeddingSet": "embeddings",
    "Provenance": "embeddings",
    "concatenate": "embeddings",
    "Encoder": "encoders",
    "load_encoder": "encoders",
    "EncodeProgress": "encoding",
    "encode_pairs": "encoding",
    "Pair": "pairs",
    "Pairs": "pairs",
    "open_pairs": "pairs",
    "resolve_device": "device",
    "Partition": "partition",
    "partition_spectrum": "partition",
    "register_rule": "partition",
    "rule_names": "partition",
    "retrieval_metrics": "ranking",
    "retrieval_ranks": "ranking",
    "metrics_from_ranks": "ranking",
    "spectrum_metrics": "metrics",
    "alignment_metrics": "alignment",
    "uniformity": "alignment",
    "linear_cka": "alignment",
    "direction_correlations": "alignment",
    "CorrelationTest": "directions",
    "PairShares": "directions",
    "band_shares": "directions",
    "correlation_test": "directions",
    "direction_coefficients": "directions",
    "energy_shares": "directions",
    "PairMoments": "directions",
    "pair_moments": "directions",
    "NeighbourIndex": "search",
    "build_index": "search",
    "pca_map": "projection",
    "umap_map": "projection",
    "effective_rank": "metrics",
    "hellinger_distance": "metrics",
    "subspace_overlap": "geometry",
    "principal_angles": "geometry",
    "k_occurrence": "geometry",
    "hubness": "geometry",
    "two_nn_dimension": "geometry",
    "query_values": "ranking",
    "candidate_ranks": "candidate_ranking",
    "precision_at_1": "candidate_ranking",
    "MMEBReport": "mmeb",
    "evaluate_mmeb": "mmeb",
    "published_mmeb": "mmeb",
    "cosine_score": "ranking",
    "RetrievalRanks": "ranking",
    "QueryRanks": "ranking",
    "Interval": "bootstrap",
    "Resampling": "bootstrap",
    "bootstrap_mean": "bootstrap",
    "retrieval_intervals": "bootstrap",
    "retrieval_differences": "bootstrap",
    "LinearMap": "baselines",
    "fit_all_but_the_top": "baselines",
    "fit_csls": "baselines",
    "fit_dynamic_inverted_softmax": "baselines",
    "fit_inverted_softmax": "baselines",
    "fit_mean_shift": "baselines",
    "fit_nnn": "baselines",
    "fit_pca_truncation": "baselines",
    "fit_whitening": "baselines",
    "Baseline": "baselines",
    "baseline_names": "baselines",
    "fit_baseline": "baselines",
    "CurriculumConfig": "curriculum",
    "alpha": "curriculum",
    "step_bound": "curriculum",
    "enhancement_gains": "enhancement",
    "signal_to_noise": "enhancement",
    "Certificate": "certificate",
    "certify": "certificate",
    "SpectralTransform": "transform",
    "SDELoss": "losses",
    "SDELossConfig": "losses",
    "RegularisedLoss": "losses",
    "FANoiseLoss": "losses",
    "Treatment": "treatment",
    "TreatmentConfig": "treatment",
    "fit_treatment": "treatment",
    "fit_all": "treatment",
    "comparison_names": "treatment",
    "ComparedRetrieval": "comparison",
    "compare_retrieval": "comparison",
    "SavedTreatment": "treatment_store",
    "load_treatment": "treatment_store",
    "FinetuneConfig": "training",
    "LossConfig": "training",
    "finetune": "training",
    "finetune_side_by_side": "training",
    "default_batch_size": "encoders",
    "interpolate": "training",
    "interpolation_sweep": "training",
}

if TYPE_CHECKING:
    from sde_core.alignment import alignment_metrics, direction_correlations, linear_cka, uniformity
    from sde_core.baselines import (
        Baseline,
        LinearMap,
        baseline_names,
        fit_all_but_the_top,
        fit_baseline,
        fit_csls,
        fit_dynamic_inverted_softmax,
        fit_inverted_softmax,
        fit_mean_shift,
        fit_nnn,
        fit_pca_truncation,
        fit_whitening,
    )
    from sde_core.bootstrap import (
        Interval,
        Resampling,
        bootstrap_mean,
        retrieval_differences,
        retrieval_intervals,
    )
    from sde_core.candidate_ranking import candidate_ranks, precision_at_1
    from sde_core.certificate import Certificate, certify
    from sde_core.comparison import ComparedRetrieval, compare_retrieval
    from sde_core.cross_spectrum import (
        CrossSpectrum,
        CrossSpectrumAccumulator,
        compute_cross_spectrum,
        compute_joint_spectrum,
    )
    from sde_core.curriculum import CurriculumConfig, alpha, step_bound
    from sde_core.device import resolve_device
    from sde_core.directions import (
        CorrelationTest,
        PairMoments,
        PairShares,
        band_shares,
        correlation_test,
        direction_coefficients,
        energy_shares,
        pair_moments,
    )
    from sde_core.embedding_formats import EmbeddingFacts, describe_embeddings, open_embeddings
    from sde_core.embeddings import EmbeddingSet, Provenance, concatenate
    from sde_core.encoders import Encoder, default_batch_size, load_encoder
    from sde_core.encoding import EncodeProgress, encode_pairs
    from sde_core.enhancement import enhancement_gains, signal_to_noise
    from sde_core.errors import ConfigError, DataError, EncoderError, SDEError
    from sde_core.geometry import hubness, k_occurrence, principal_angles, subspace_overlap, two_nn_dimension
    from sde_core.losses import FANoiseLoss, RegularisedLoss, SDELoss, SDELossConfig
    from sde_core.metrics import effective_rank, hellinger_distance, spectrum_metrics
    from sde_core.mmeb import MMEBReport, evaluate_mmeb, published_mmeb
    from sde_core.null_spectra import resampled_spectra, shuffled_column_spectra, shuffled_pair_spectra
    from sde_core.pairs import Pair, Pairs, open_pairs
    from sde_core.partition import Partition, partition_spectrum, register_rule, rule_names
    from sde_core.projection import pca_map, umap_map
    from sde_core.ranking import (
        QueryRanks,
        RetrievalRanks,
        cosine_score,
        metrics_from_ranks,
        query_values,
        retrieval_metrics,
        retrieval_ranks,
    )
    from sde_core.search import NeighbourIndex, build_index
    from sde_core.spectrum import Spectrum, SpectrumAccumulator, compute_spectrum
    from sde_core.training import (
        FinetuneConfig,
        LossConfig,
        finetune,
        finetune_side_by_side,
        interpolate,
        interpolation_sweep,
    )
    from sde_core.transform import SpectralTransform
    from sde_core.treatment import Treatment, TreatmentConfig, comparison_names, fit_all, fit_treatment
    from sde_core.treatment_store import SavedTreatment, load_treatment

__all__ = [
    "Baseline",
    "Certificate",
    "ComparedRetrieval",
    "ConfigError",
    "CorrelationTest",
    "CrossSpectrum",
    "CrossSpectrumAccumulator",
    "CurriculumConfig",
    "DataError",
    "EmbeddingFacts",
    "EmbeddingSet",
    "EncodeProgress",
    "Encoder",
    "EncoderError",
    "FANoiseLoss",
    "FinetuneConfig",
    "Interval",
    "LinearMap",
    "LossConfig",
    "MMEBReport",
    "NeighbourIndex",
    "Pair",
    "PairMoments",
    "PairShares",
    "Pairs",
    "Partition",
    "Provenance",
    "QueryRanks",
    "RegularisedLoss",
    "Resampling",
    "RetrievalRanks",
    "SDEError",
    "SDELoss",
    "SDELossConfig",
    "SavedTreatment",
    "SpectralTransform",
    "Spectrum",
    "SpectrumAccumulator",
    "Treatment",
    "TreatmentConfig",
    "alignment_metrics",
    "alpha",
    "band_shares",
    "baseline_names",
    "bootstrap_mean",
    "build_index",
    "candidate_ranks",
    "certify",
    "compare_retrieval",
    "comparison_names",
    "compute_cross_spectrum",
    "compute_joint_spectrum",
    "compute_spectrum",
    "concatenate",
    "correlation_test",
    "cosine_score",
    "default_batch_size",
    "describe_embeddings",
    "direction_coefficients",
    "direction_correlations",
    "effective_rank",
    "encode_pairs",
    "energy_shares",
    "enhancement_gains",
    "evaluate_mmeb",
    "finetune",
    "finetune_side_by_side",
    "fit_all",
    "fit_all_but_the_top",
    "fit_baseline",
    "fit_csls",
    "fit_dynamic_inverted_softmax",
    "fit_inverted_softmax",
    "fit_mean_shift",
    "fit_nnn",
    "fit_pca_truncation",
    "fit_treatment",
    "fit_whitening",
    "hellinger_distance",
    "hubness",
    "interpolate",
    "interpolation_sweep",
    "k_occurrence",
    "linear_cka",
    "load_encoder",
    "load_treatment",
    "metrics_from_ranks",
    "open_embeddings",
    "open_pairs",
    "pair_moments",
    "partition_spectrum",
    "pca_map",
    "precision_at_1",
    "principal_angles",
    "published_mmeb",
    "query_values",
    "register_rule",
    "resampled_spectra",
    "resolve_device",
    "retrieval_differences",
    "retrieval_intervals",
    "retrieval_metrics",
    "retrieval_ranks",
    "rule_names",
    "shuffled_column_spectra",
    "shuffled_pair_spectra",
    "signal_to_noise",
    "spectrum_metrics",
    "step_bound",
    "subspace_overlap",
    "two_nn_dimension",
    "umap_map",
    "uniformity",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
