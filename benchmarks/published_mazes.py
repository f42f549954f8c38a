"""The published Maze-Hard training mazes as a dataset: what the papers train on, nothing else.

    python benchmarks/published_mazes.py train.txt.gz maze-1k.h5
    puzzlerec train maze --set data.file=maze-1k.h5 --set data.curriculum=[] --minutes 25

The first file, which does not come with the project, has a question TAB answer of 900 characters a line. The dataset's
training mazes are these, its test mazes are those of `puzzlerec data build maze`, generated and so unseen.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import numpy as np

from puzzlerec.data import Dataset, ensure
from puzzlerec.data.store import Attributes, Rows, write_dataset
from puzzlerec.puzzles import get

SHAPE = (30, 30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mazes", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--test", type=int, default=1000, help="generated test mazes")
    arguments = parser.parse_args()
    vocabulary = get("maze").vocabulary
    with gzip.open(arguments.mazes, "rt") as file:
        pairs = [line.rstrip("\n").split("\t") for line in file]
    questions, answers = (
        np.array([[vocabulary.index(cell) for cell in pair[side]] for pair in pairs], np.uint8) for side in (0, 1)
    )
    zeros = np.zeros(len(questions), np.int32)
    training = Rows(questions, answers, zeros, np.arange(len(questions), dtype=np.int32))
    with Dataset.open(ensure("maze", train=6000, test=arguments.test, seed=0)) as generated:
        rows = generated.split("test").read()
    test = Rows(rows.inputs, rows.labels, rows.puzzle_ids, rows.group_ids)
    attributes = Attributes("maze", SHAPE, vocabulary, "published Maze-Hard, generated test", 0)
    print(write_dataset(arguments.out, {"train": [training], "test": [test]}, attributes))


if __name__ == "__main__":
    main()
