"""What :func:`course_utils.check` asks of the exercises, and what it says of the answers.

One idea a file, and each file imports only those above it:

    results.py      when two results are the same
    model.py        what an exercise is, a goal, a known mistake; what stops a check
    cases.py        data and right formulas that several rounds share
    showing.py      cases and results as lines of text
    kinds.py        a number, an array or a tensor, and what is wrong with the type of a result
    watching.py     stops what never ends, by counting lines and calls
    running.py      calls the learner's function, and finds words for what goes wrong there
    diagnosis.py    from wrong numbers to the mistake's sentence
    roundN.py       EXERCISES: what each exercise of a round expects, and the mistakes it knows
    check.py        check and verdict
    notebook_data.py, blanks/    the same for the functions written in a notebook itself
    blank.py        hands on the learner's function, or the course's

A new round is one more file roundN.py; check.py finds it by its number.
"""
