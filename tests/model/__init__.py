"""A model of Credex core, its readers and its members, in which the verdicts on offers are tried out.

It shares nothing with the bot but the pure functions of `service.writes.verdict`, which production uses: what core
really holds, what a read of it shows, and whether a statement about it is true are computed here.
"""
