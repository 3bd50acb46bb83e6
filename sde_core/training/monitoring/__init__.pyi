from .look import Look as Look
from .look import ModalityLook as ModalityLook
from .monitor import SpectralMonitor as SpectralMonitor
from .record import read_looks as read_looks
from .verdicts import Alarm as Alarm
from .verdicts import find_alarms as find_alarms
