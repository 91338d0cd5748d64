"""The labs: sliders on the learner's own functions. Each is a file ``NAME_lab.py`` with a function
of that name, which course_utils hands to the notebooks.
"""
