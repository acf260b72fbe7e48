"""What the sources' refusals and failures mean: the codes of their nomenclatures, and what each outcome implies.

Pure values: nothing here calls a source. Start with ``outcome_table``, which reads an answer; ``traits`` says what
follows from each code of the contract.
"""
