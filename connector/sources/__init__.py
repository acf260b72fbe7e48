"""The APIs that are called, over HTTP, and what their answers mean.

Nothing here knows of jobs, queues or quotas: a call is given its secret, and returns an exchange. Start with ``exchange``,
then ``api_particulier``; ``outcome_table`` reads an answer, and ``traits`` says what follows from each code of the contract.
"""
