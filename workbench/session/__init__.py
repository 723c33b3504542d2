"""The session: who acts, in which project and workspace, with which key and clock.

Every entrance to the workbench (command line, lab, tests) opens a session once and calls its
functions, so all of them find the same project and take the same steps. This is the only room that
reads the clock.
"""

from workbench.session.user_session import Session

__all__ = ["Session"]
