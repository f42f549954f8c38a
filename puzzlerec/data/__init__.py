"""Where examples come from: generators, the dataset builder and the HDF5 store.

`ensure` gives the file of a dataset, building it if need be; `store.Dataset.open` reads it.
"""

from puzzlerec.data.building import build, ensure
from puzzlerec.data.store import Dataset
from puzzlerec.puzzles.generator import DatasetError

__all__ = ["Dataset", "DatasetError", "build", "ensure"]
