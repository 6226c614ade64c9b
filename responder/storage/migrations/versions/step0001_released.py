"""The layout that was released before layouts had numbers: an older database begins here.

The step itself is never taken, for a new database is made as the tables are now.
"""

revision = "0001"
down_revision = None
