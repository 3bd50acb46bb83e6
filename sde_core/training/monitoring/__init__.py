"""Watching a training that is not ours: looks at its features, kept while it runs, with alarms in words."""

from sde_core.training.monitoring.look import Look as Look
from sde_core.training.monitoring.look import ModalityLook as ModalityLook
from sde_core.training.monitoring.monitor import SpectralMonitor as SpectralMonitor
from sde_core.training.monitoring.record import read_looks as read_looks
from sde_core.training.monitoring.verdicts import Alarm as Alarm
from sde_core.training.monitoring.verdicts import find_alarms as find_alarms
