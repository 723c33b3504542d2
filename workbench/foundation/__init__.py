"""The tools that every other room uses: errors, settings, random streams, progress and files.

Nothing here depends on customer data.
"""
