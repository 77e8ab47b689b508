"""Errors that a person reads.

DLModuleError              anything wrong that the reader can mend; its text is one clear line
└── coursekit.errors.CourseError     the same on the team's side (exit code 2 at the command line)
"""


class DLModuleError(Exception):
    """Bad input, said in one line that names the file (and line) where there is one."""
