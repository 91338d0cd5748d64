"""What the notebooks ask the reader to write: a file for each pair, named like it, with ``BLANKS``,
{notebook: {function: Exercise}}.
"""
