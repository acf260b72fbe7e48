"""The trip of one job through the running worker: which modules it enters, and how often it changes from one to another."""
