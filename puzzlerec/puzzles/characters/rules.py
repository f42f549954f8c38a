"""Lines of characters to complete: copy, reverse and addition, the tasks of autoregressive models (arXiv 2603.08082).

A line is its prompt up to ``=``, then the result: ``12+345=357``, ``copy:a1b2=a1b2``, ``reverse:a1b2=2b1a``. As a grid
it is [1, W]: a question is the prompt (without the task's name) and then blanks, room for the longest result and the
end token; an answer has the result there, and end tokens up to the end of the line.

Tokens: 0 padding, 1 blank ``.``, 2 end ``$``, from 3 the digits, then letters, for addition ``+``, and ``=``.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from functools import cached_property
from string import ascii_lowercase, digits

import numpy as np

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind, Verdict
from puzzlerec.puzzles.characters.look import LineLook
from puzzlerec.puzzles.characters.tokens import BLANK, END, FIRST, LONGEST
from puzzlerec.puzzles.choices import Choice
from puzzlerec.puzzles.generator import DatasetError, Generator
from puzzlerec.puzzles.look import Look


class Characters(PuzzleKind):
    """Lines of one task. A line may have padding behind it, as in a dataset of lines of several lengths."""

    family = "characters"
    layouts = ("line", "grid")  # which are the same
    shape = None
    rating_words = "characters of the longest operand"
    editing = None
    not_edited = "A line of characters is written in a file: o opens one."
    form: re.Pattern[str]  # of a prompt, its operands in groups
    example: str

    def __init__(self, name: str, symbols: str, operators: str) -> None:
        self.name = self.title = name
        self.vocabulary = ("?", ".", "$", *symbols, *operators)
        self.symbols = tuple(symbols)
        self._token_of = {character: token for token, character in enumerate(self.vocabulary) if token >= FIRST}

    @property
    def start(self) -> str:
        """What a line begins with, before its first token."""
        return ""

    @cached_property
    def look(self) -> Look:
        return LineLook(self.vocabulary, self.answer_tokens, blanks=(BLANK,), prompt=self.start)

    @property
    def answer_tokens(self) -> tuple[int, ...]:
        return tuple(range(END, FIRST + len(self.symbols)))

    @abstractmethod
    def result(self, prompt: str) -> str:
        """What comes after the prompt, which has the kind's form."""

    @abstractmethod
    def room(self, length: int) -> int:
        """The cells that results need whose longest operand has so many characters, one for the end token included."""

    def width(self, length: int) -> int:
        """The cells of the widest line whose operands have at most so many characters."""
        return self.prompt_width(length) + self.room(length)

    @abstractmethod
    def prompt_width(self, length: int) -> int:
        """The cells of the widest prompt whose operands have at most so many characters."""

    def generator(self, shape: tuple[int, int] | None = None) -> Generator:
        from puzzlerec.puzzles.characters.generate import Lines

        self._require_no(shape)
        return Lines(self)

    @staticmethod
    def _require_no(shape: tuple[int, int] | None) -> None:
        if shape is not None:
            raise DatasetError(f"Lines of characters have no size {'x'.join(map(str, shape))}; set longest instead.")

    # ---- text

    def parse(self, text: str) -> np.ndarray:
        line = text.strip()
        number = text[: len(text) - len(text.lstrip())].count("\n") + 1
        prompt = line.removeprefix(self.start)
        match = self.form.fullmatch(prompt) if line.startswith(self.start) else None
        if match is None:
            raise self._fault(text, prompt, number)
        longest = max(map(len, match.groups()))
        if longest > LONGEST:
            raise PuzzleError(f"{longest} characters are too many; {LONGEST} are possible.", line=number)
        cells = [*(self._token_of[character] for character in prompt), *[BLANK] * self.room(longest)]
        return np.array([cells], np.uint8)

    def _fault(self, text: str, prompt: str, number: int) -> PuzzleError:
        """What keeps a line from being one to complete."""
        before, equals, behind = prompt.partition("=")
        foreign = next((character for character in before if character not in self._token_of), None)
        if foreign is not None:
            problem, at = f"{foreign!r} has no place in a line of {self.name}", text.index(foreign) + 1
        elif behind.strip():
            problem, at = "nothing may follow the =, as the result is asked for", text.index("=") + 2
        else:
            problem, at = "this is no line to complete" if equals else "the line does not end with =", 0
        problem = problem[0].upper() + problem[1:]
        return PuzzleError(f"{problem}; write one such as {self.example}", line=number, column=at)

    def format(self, grid: np.ndarray, layout: str = "line") -> str:
        """The line up to its first blank, end token or padding."""
        if layout not in self.layouts:
            raise PuzzleError(f"A line has no layout {layout!r}; it has {' and '.join(self.layouts)}.")
        return self.start + self._text(grid)

    def _text(self, grid: np.ndarray) -> str:
        cells = grid.reshape(-1)
        stop = np.flatnonzero(cells < FIRST)
        return "".join(
            self.vocabulary[token] if token < len(self.vocabulary) else "?"
            for token in cells[: stop[0] if stop.size else None]
        )

    # ---- rules

    def given(self, question: np.ndarray) -> np.ndarray:
        """The prompt, and padding."""
        return question != BLANK

    def answer(self, question: np.ndarray) -> np.ndarray:
        """[1, W] uint8: the question with its result. Raises `PuzzleError` for what is no question."""
        soundness = self.check_question(question)
        if not soundness.solved:
            raise PuzzleError(f"This line cannot be completed: {soundness.problems[0]}.")
        result = [self._token_of[character] for character in self.result(self._text(question))]
        blanks = np.flatnonzero(question == BLANK)
        answer = question.copy()
        answer.flat[blanks] = END
        answer.flat[blanks[: len(result)]] = result
        return answer

    def check_question(self, question: np.ndarray) -> Verdict:
        """A prompt, enough blanks behind it, then nothing but padding."""
        offending = np.zeros(question.shape, bool)
        prompt = self._text(question)
        match = self.form.fullmatch(prompt)
        rest = question.reshape(-1)[len(prompt) :]
        blanks = int((rest == BLANK).sum())
        if question.shape[0] != 1:
            problem = f"it has {question.shape[0]} rows, a line has one"
        elif match is None:
            offending[0, : len(prompt)] = True
            problem = f"{self.start + prompt!r} is no prompt such as {self.example}"
        elif (rest[:blanks] != BLANK).any() or rest[blanks:].any():
            offending[0, len(prompt) :] = rest != BLANK
            problem = "there is something behind the ="
        elif blanks < self.room(max(map(len, match.groups()))):
            problem = f"it has room for {blanks} characters, too few for the result"
        else:
            return Verdict(True, offending)
        return Verdict(False, offending, (problem,))

    def check(self, question: np.ndarray, answer: np.ndarray) -> Verdict:
        """``solved`` means the right result, the end token behind it, and the prompt as it was."""
        if question.shape != answer.shape:
            widths = [grid.shape[-1] for grid in (question, answer)]
            raise PuzzleError(f"The line has {widths[0]} cells, the answer {widths[1]}.")
        soundness = self.check_question(question)
        if not soundness.solved:
            return Verdict(False, soundness.offending, tuple(f"in the question: {p}" for p in soundness.problems))
        expected = self.answer(question)
        offending = answer != expected
        if not offending.any():
            return Verdict(True, offending)
        open_cells = question == BLANK
        if (offending & ~open_cells).any():
            problem = "the answer changes the prompt"
        else:
            said, right = (self._text(grid[open_cells]) for grid in (answer, expected))
            if said != right:
                problem = f"the result is {right}, not {said or 'nothing'}"
            else:
                ends = (answer[open_cells] == END).any()
                problem = "there is something behind the end of the result" if ends else "the result does not end"
        return Verdict(False, offending, (problem,))

    def solutions(self, question: np.ndarray, limit: int = 2) -> list[np.ndarray]:
        return [self.answer(question)]

    def promising(
        self, questions: np.ndarray, tokens: np.ndarray, halt: np.ndarray, masked: np.ndarray | None
    ) -> np.ndarray:
        """Lines that are written to their end."""
        return (
            super().promising(questions, tokens, halt, masked)
            if masked is None
            else np.flatnonzero(~masked.any((1, 2)))
        )

    def rating_bins(self, ratings: np.ndarray) -> dict[str, np.ndarray]:
        """Every length by itself."""
        return {f"length {length:g}": ratings == length for length in np.unique(ratings)}


class Repetition(Characters):
    """``copy:a1b2=a1b2``, or ``reverse:a1b2=2b1a``, of digits and lower-case letters."""

    form = re.compile(r"([0-9a-z]+)=")

    def __init__(self, name: str, backwards: bool) -> None:
        super().__init__(name, digits + ascii_lowercase, "=")
        about = "up to 10 characters to turn round" if backwards else "up to 10 characters to repeat"
        self.choices = (Choice(name.capitalize(), about, name),)
        self.backwards = backwards
        self.example = f"{name}:a1b2="

    @property
    def start(self) -> str:
        return f"{self.name}:"

    def result(self, prompt: str) -> str:
        return prompt[-2::-1] if self.backwards else prompt[:-1]

    def room(self, length: int) -> int:
        return length + 1

    def prompt_width(self, length: int) -> int:
        return length + 1


class Addition(Characters):
    """``12+345=357``: the sum of two natural numbers, the highest digit first."""

    form = re.compile(r"([0-9]+)\+([0-9]+)=")
    choices = (Choice("Addition", "two numbers of up to 10 digits", "addition"),)
    example = "12+345="

    def __init__(self) -> None:
        super().__init__("addition", digits, "+=")

    def generator(self, shape: tuple[int, int] | None = None) -> Generator:
        from puzzlerec.puzzles.characters.generate import Sums

        self._require_no(shape)
        return Sums(self)

    def result(self, prompt: str) -> str:
        return str(sum(map(int, prompt[:-1].split("+"))))

    def room(self, length: int) -> int:
        return length + 2

    def prompt_width(self, length: int) -> int:
        return 2 * length + 2


COPY, REVERSE, ADDITION = Repetition("copy", backwards=False), Repetition("reverse", backwards=True), Addition()
CHARACTERS = (COPY, REVERSE, ADDITION)
