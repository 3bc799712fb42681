"""PostgreSQL and Chromium for the tests: found or installed, and never left running.

::

    python -m tests.services install          make sure that both are there
    python -m tests.services run -- COMMAND   run a command with a PostgreSQL of its own
    python -m tests.services both -- COMMAND  run it so, and on SQLite at the same time

Neither is skipped in silence: what is missing is an error that says what to install, unless
``WITHOUT=postgresql,browser`` names it; and where ``CI=true`` even that is refused.
"""
