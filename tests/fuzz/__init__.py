"""Spoilt files for every command that reads one: `python -m tests.fuzz --minutes 60`.

A case is a sound file that was spoilt, and the commands that meet it. A command holds if it ends with 0, 1 or 2, says
in 2 what is wrong in its own words and in no others, calls nothing solved that an independent checker refuses, leaves
no unfinished files behind and takes no longer than it may. A case is its target and its number: either finds it again.
"""
