from .check import check_path as check_path
from .findings import CheckReport as CheckReport
from .odd import KINDS as KINDS
from .odd import Odd as Odd
from .pairs_check import check_pairs as check_pairs
from .vectors_check import odd_of_vectors as odd_of_vectors
