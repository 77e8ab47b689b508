"""What the teaching team runs: syllabus, sources, build, verify, site, release."""
