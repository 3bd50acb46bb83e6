from .content import make_content as make_content
from .make import Report as Report
from .make import make_report as make_report
from .spec import ReportSpec as ReportSpec
from .spec import SetSpec as SetSpec
from .spec import read_spec as read_spec
