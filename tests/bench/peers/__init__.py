"""The worker beside what an engineer would write instead: six arms on one broker, in one run.

Start reading at ``run``: it measures the parts in turn. An arm is a program that answers the same jobs (``arms``).
"""
