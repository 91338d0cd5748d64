"""What the tests share."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # tests import prove.py as the command line runs it

# Notebooks and records of the tests' own never mix with a proof that is running.
os.environ.pop("COURSE_RECORD_DIR", None)
