"""What every room stands on: errors, settings, random streams, progress, files and compute.

Nothing here knows what a customer is.
"""
