import sys
from pathlib import Path

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:  # so that tests can import what stands beside them
    sys.path.insert(0, ROOT)
