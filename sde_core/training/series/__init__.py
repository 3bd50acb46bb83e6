"""A row of checkpoints of one training, seen by one probe set: what moved, what was born, where recall went."""

from sde_core.training.series.checkpoints import SeriesCheckpoint as SeriesCheckpoint
from sde_core.training.series.checkpoints import find_checkpoints as find_checkpoints
from sde_core.training.series.encode import encode_series as encode_series
from sde_core.training.series.encode import load_series as load_series
from sde_core.training.series.measure import SeriesPoint as SeriesPoint
from sde_core.training.series.measure import measure_series as measure_series
from sde_core.training.series.record import save_series as save_series
from sde_core.training.series.whole import CheckpointSeries as CheckpointSeries
from sde_core.training.series.whole import make_series as make_series
from sde_core.training.series.whole import read_series as read_series
