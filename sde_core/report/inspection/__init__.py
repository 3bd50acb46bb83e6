"""What a user's files are, and what is odd about them, before anything is computed."""

from sde_core.report.inspection.check import check_path
from sde_core.report.inspection.findings import CheckReport
from sde_core.report.inspection.odd import KINDS, Odd

__all__ = ["KINDS", "CheckReport", "Odd", "check_path"]
