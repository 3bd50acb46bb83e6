"""Reports: one HTML file that works offline, its numbers as JSON, and the spec that makes it again."""

from sde_core.report.content import make_content
from sde_core.report.make import Report, make_report
from sde_core.report.spec import ReportSpec, SetSpec, read_spec

__all__ = ["Report", "ReportSpec", "SetSpec", "make_content", "make_report", "read_spec"]
