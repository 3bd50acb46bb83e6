"""Where looks go besides the file: each imports its package when it is made."""

from sde_core.training.monitoring.sinks.mlflow import MLflowSink as MLflowSink
from sde_core.training.monitoring.sinks.tensorboard import TensorBoardSink as TensorBoardSink
from sde_core.training.monitoring.sinks.wandb import WandbSink as WandbSink
