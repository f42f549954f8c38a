"""What stands around a grid: what is known of the whole, the curves, one cell's candidates, and the attempts."""

from puzzlerec.watch.panels.attempts import Attempts
from puzzlerec.watch.panels.candidates import Candidates
from puzzlerec.watch.panels.curves import Curves
from puzzlerec.watch.panels.heading import Heading
from puzzlerec.watch.panels.legend import Legend
from puzzlerec.watch.panels.title import Title

__all__ = ["Attempts", "Candidates", "Curves", "Heading", "Legend", "Title"]
