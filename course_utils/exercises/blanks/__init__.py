"""What the notebooks ask the reader to write: a file for each pair, named like it, or one for
all of a round that share much; each with ``BLANKS``, {notebook: {function: Exercise}}. What several
files share stands in ``feeding`` and ``walking``.
"""
