"""The APIs that are asked, over HTTP."""
