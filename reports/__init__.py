"""Figures, pages and workbooks made from a run directory, never from a live model.

Everything a report needs is in the files of the run, so a report can be made long after, and elsewhere.
"""
