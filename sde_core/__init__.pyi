# Every public name and the module that defines it; `__init__.py` reads this file.
from .checks.device import resolve_device as resolve_device
from .cli.dashboard import Dashboard as Dashboard
from .cli.dashboard import explore as explore
from .embedding_formats import EmbeddingFacts as EmbeddingFacts
from .embedding_formats import describe_embeddings as describe_embeddings
from .embedding_formats import open_embeddings as open_embeddings
from .embedding_formats.cluster.spectra import spectra_of_shards as spectra_of_shards
from .embedding_formats.cluster.sums import ShardSums as ShardSums
from .embedding_formats.shards import Shard as Shard
from .embedding_formats.shards import shards_of as shards_of
from .encoders import Encoder as Encoder
from .encoders import default_batch_size as default_batch_size
from .encoders import load_encoder as load_encoder
from .encoding import EncodeProgress as EncodeProgress
from .encoding import encode_pairs as encode_pairs
from .encoding.layers.read import read_layers as read_layers
from .encoding.layers.result import Layer as Layer
from .encoding.layers.result import Layers as Layers
from .errors import ConfigError as ConfigError
from .errors import DataError as DataError
from .errors import EncoderError as EncoderError
from .errors import SDEError as SDEError
from .geometry.alignment import alignment_metrics as alignment_metrics
from .geometry.alignment import direction_correlations as direction_correlations
from .geometry.alignment import linear_cka as linear_cka
from .geometry.alignment import linear_cka_chance as linear_cka_chance
from .geometry.alignment import modality_gap as modality_gap
from .geometry.alignment import uniformity as uniformity
from .geometry.difference import DifferenceSpectrum as DifferenceSpectrum
from .geometry.difference import difference_spectrum as difference_spectrum
from .geometry.directions import band_shares as band_shares
from .geometry.directions import direction_coefficients as direction_coefficients
from .geometry.directions import energy_shares as energy_shares
from .geometry.gap import GapParts as GapParts
from .geometry.gap import gap_labels as gap_labels
from .geometry.gap import gap_parts as gap_parts
from .geometry.gap import relative_modality_gap as relative_modality_gap
from .geometry.mismatched.bands import pair_cosines_by_band as pair_cosines_by_band
from .geometry.mismatched.pairs import MismatchedPairs as MismatchedPairs
from .geometry.mismatched.pairs import PlantedRecovery as PlantedRecovery
from .geometry.mismatched.pairs import mismatched_pairs as mismatched_pairs
from .geometry.mismatched.pairs import planted_recovery as planted_recovery
from .geometry.mismatched.scores import pair_scores as pair_scores
from .geometry.neighbourhoods import hubness as hubness
from .geometry.neighbourhoods import k_occurrence as k_occurrence
from .geometry.neighbourhoods import neighbourhood_overlap as neighbourhood_overlap
from .geometry.neighbourhoods import principal_angles as principal_angles
from .geometry.neighbourhoods import subspace_overlap as subspace_overlap
from .geometry.neighbourhoods import two_nn_dimension as two_nn_dimension
from .geometry.pair_moments import CorrelationTest as CorrelationTest
from .geometry.pair_moments import PairMoments as PairMoments
from .geometry.pair_moments import PairShares as PairShares
from .geometry.pair_moments import correlation_test as correlation_test
from .geometry.pair_moments import pair_moments as pair_moments
from .geometry.parity.verdict import Parity as Parity
from .geometry.projection import pca_map as pca_map
from .geometry.projection import umap_map as umap_map
from .geometry.search import NeighbourIndex as NeighbourIndex
from .geometry.search import build_index as build_index
from .geometry.similarity.calibration import CalibratedSimilarity as CalibratedSimilarity
from .geometry.similarity.calibration import calibrated_similarity as calibrated_similarity
from .geometry.similarity.layers import LayerAgreement as LayerAgreement
from .geometry.similarity.layers import layer_agreement as layer_agreement
from .geometry.similarity.measures import measure_names as measure_names
from .geometry.similarity.measures import similarity as similarity
from .knowledge import (
    BandKnowledge as BandKnowledge,
)
from .knowledge import (
    BandReadout as BandReadout,
)
from .knowledge import (
    ColumnKnowledge as ColumnKnowledge,
)
from .knowledge import (
    DirectionName as DirectionName,
)
from .knowledge import (
    band_knowledge as band_knowledge,
)
from .knowledge import (
    band_readout as band_readout,
)
from .knowledge import (
    direction_names as direction_names,
)
from .knowledge import (
    set_columns as set_columns,
)
from .losses import BlockwiseLoss as BlockwiseLoss
from .losses import FANoiseLoss as FANoiseLoss
from .losses import RegularisedLoss as RegularisedLoss
from .losses import SDELoss as SDELoss
from .losses import SDELossConfig as SDELossConfig
from .mmeb import MMEBReport as MMEBReport
from .mmeb import evaluate_mmeb as evaluate_mmeb
from .mmeb import published_mmeb as published_mmeb
from .pairs import Pair as Pair
from .pairs import Pairs as Pairs
from .pairs import open_pairs as open_pairs
from .partition import Bands as Bands
from .partition import Partition as Partition
from .partition import partition_spectrum as partition_spectrum
from .partition import register_rule as register_rule
from .partition import rule_names as rule_names
from .report.atlas import Atlas as Atlas
from .report.atlas import EncoderReading as EncoderReading
from .report.atlas import make_atlas as make_atlas
from .report.atlas import read_encoder as read_encoder
from .report.inspection.same_space import parity as parity
from .retrieval.bootstrap import Interval as Interval
from .retrieval.bootstrap import Resampling as Resampling
from .retrieval.bootstrap import bootstrap_mean as bootstrap_mean
from .retrieval.bootstrap import retrieval_differences as retrieval_differences
from .retrieval.bootstrap import retrieval_intervals as retrieval_intervals
from .retrieval.candidate_ranking import candidate_ranks as candidate_ranks
from .retrieval.candidate_ranking import precision_at_1 as precision_at_1
from .retrieval.mixed_list import MixedRanking as MixedRanking
from .retrieval.mixed_list import mixed_ranking as mixed_ranking
from .retrieval.ranking import QueryRanks as QueryRanks
from .retrieval.ranking import RetrievalRanks as RetrievalRanks
from .retrieval.ranking import cosine_score as cosine_score
from .retrieval.ranking import metrics_from_ranks as metrics_from_ranks
from .retrieval.ranking import query_values as query_values
from .retrieval.ranking import retrieval_metrics as retrieval_metrics
from .retrieval.ranking import retrieval_ranks as retrieval_ranks
from .sets.agreement import Agreement as Agreement
from .sets.agreement import compare_with_encoder as compare_with_encoder
from .sets.concatenate import concatenate as concatenate
from .sets.embeddings import EmbeddingSet as EmbeddingSet
from .sets.hold_out import hold_out as hold_out
from .sets.provenance import Provenance as Provenance
from .shaping.certificate import Certificate as Certificate
from .shaping.certificate import certify as certify
from .shaping.curriculum import CurriculumConfig as CurriculumConfig
from .shaping.curriculum import alpha as alpha
from .shaping.curriculum import step_bound as step_bound
from .shaping.enhancement import enhancement_gains as enhancement_gains
from .shaping.enhancement import signal_to_noise as signal_to_noise
from .shaping.transform import AffineMap as AffineMap
from .shaping.transform import LinearMap as LinearMap
from .shaping.transform import SpectralTransform as SpectralTransform
from .spectra.accumulator import SpectrumAccumulator as SpectrumAccumulator
from .spectra.cross_spectrum import CrossSpectrum as CrossSpectrum
from .spectra.cross_spectrum import CrossSpectrumAccumulator as CrossSpectrumAccumulator
from .spectra.cross_spectrum import compute_cross_spectrum as compute_cross_spectrum
from .spectra.cross_spectrum import compute_joint_spectrum as compute_joint_spectrum
from .spectra.metrics import effective_rank as effective_rank
from .spectra.metrics import hellinger_distance as hellinger_distance
from .spectra.metrics import register_metric as register_metric
from .spectra.metrics import spectrum_metrics as spectrum_metrics
from .spectra.null_spectra import resampled_spectra as resampled_spectra
from .spectra.null_spectra import shuffled_column_spectra as shuffled_column_spectra
from .spectra.null_spectra import shuffled_pair_spectra as shuffled_pair_spectra
from .spectra.pair_sums import PairSpectraAccumulator as PairSpectraAccumulator
from .spectra.result import Spectrum as Spectrum
from .spectra.spectrum import compute_spectrum as compute_spectrum
from .training import FinetuneConfig as FinetuneConfig
from .training import LossConfig as LossConfig
from .training import finetune as finetune
from .training import finetune_side_by_side as finetune_side_by_side
from .training import interpolate as interpolate
from .training import interpolation_sweep as interpolation_sweep
from .training.monitoring import Alarm as Alarm
from .training.monitoring import Look as Look
from .training.monitoring import ModalityLook as ModalityLook
from .training.monitoring import SpectralMonitor as SpectralMonitor
from .training.monitoring import find_alarms as find_alarms
from .training.monitoring import read_looks as read_looks
from .training.monitoring.following import FollowedRun as FollowedRun
from .training.series import CheckpointSeries as CheckpointSeries
from .training.series import SeriesPoint as SeriesPoint
from .training.series import make_series as make_series
from .training.series import read_series as read_series
from .treatments.both_maps import fit_realign as fit_realign
from .treatments.both_maps import fit_shared_noise as fit_shared_noise
from .treatments.comparison import ComparedRetrieval as ComparedRetrieval
from .treatments.comparison import Comparison as Comparison
from .treatments.comparison import compare_retrieval as compare_retrieval
from .treatments.comparison import compared_row as compared_row
from .treatments.comparison import compared_rows as compared_rows
from .treatments.comparison import watched as watched
from .treatments.compression.axes import CompressionMap as CompressionMap
from .treatments.compression.axes import fit_axes as fit_axes
from .treatments.compression.codes import compressed_index as compressed_index
from .treatments.compression.codes import fill_index as fill_index
from .treatments.compression.prediction import predicted_fidelity as predicted_fidelity
from .treatments.compression.streamed import streamed_compression as streamed_compression
from .treatments.compression.table import CompressedRetrieval as CompressedRetrieval
from .treatments.compression.table import CompressionTable as CompressionTable
from .treatments.compression.table import compression_table as compression_table
from .treatments.compression.table import recommendation as recommendation
from .treatments.gains import FittedGains as FittedGains
from .treatments.gains import TreatmentConfig as TreatmentConfig
from .treatments.gains import fit_treatment as fit_treatment
from .treatments.linked_maps import fit_cca as fit_cca
from .treatments.linked_maps import fit_isoclip as fit_isoclip
from .treatments.linked_maps import fit_procrustes as fit_procrustes
from .treatments.maps import fit_all_but_the_top as fit_all_but_the_top
from .treatments.maps import fit_joint_pca as fit_joint_pca
from .treatments.maps import fit_mean_shift as fit_mean_shift
from .treatments.maps import fit_pca_truncation as fit_pca_truncation
from .treatments.maps import fit_whitening as fit_whitening
from .treatments.mixed_lists import mixed_rankings as mixed_rankings
from .treatments.scores import fit_csls as fit_csls
from .treatments.scores import fit_dynamic_inverted_softmax as fit_dynamic_inverted_softmax
from .treatments.scores import fit_inverted_softmax as fit_inverted_softmax
from .treatments.scores import fit_nnn as fit_nnn
from .treatments.sinkhorn import fit_sinkhorn as fit_sinkhorn
from .treatments.sinkhorn import sinkhorn_of_test as sinkhorn_of_test
from .treatments.sweep import SettingSweep as SettingSweep
from .treatments.table import baseline_names as baseline_names
from .treatments.table import comparison_names as comparison_names
from .treatments.table import fit_all as fit_all
from .treatments.table import fit_baseline as fit_baseline
from .treatments.treatment import Baseline as Baseline
from .treatments.treatment import SavedTreatment as SavedTreatment
from .treatments.treatment import Treatment as Treatment
from .treatments.treatment import load_treatment as load_treatment
from .vocabulary import Band as Band
from .vocabulary import Centring as Centring
from .vocabulary import Direction as Direction
from .vocabulary import Modality as Modality

__version__: str
