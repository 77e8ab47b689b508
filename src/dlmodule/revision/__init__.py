"""Spaced revision: what a learner is likely to remember (``memory``), what to revise next (``agenda``), and the revision
notebook's own tool (``notebook``). Nothing here is imported with the package, so that the home loads no torch."""
