"""What a user's files are, and what is odd about them, before anything is computed."""

from sde_core.report.inspection.check import check_path
from sde_core.report.inspection.findings import CheckReport
from sde_core.report.inspection.odd import KINDS, Odd
from sde_core.report.inspection.pairs_check import check_pairs
from sde_core.report.inspection.vectors_check import odd_of_vectors

__all__ = ["KINDS", "CheckReport", "Odd", "check_pairs", "check_path", "odd_of_vectors"]
