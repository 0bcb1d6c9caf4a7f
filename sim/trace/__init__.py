"""Where every unit of a lot came from and went, told from the files of a run."""
