"""Lines of characters to complete: copy, reverse and addition."""

from puzzlerec.puzzles.characters.grammar import CharactersGrammar
from puzzlerec.puzzles.characters.rules import CHARACTERS

KINDS = CHARACTERS
GRAMMAR = CharactersGrammar(KINDS)
